import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const services = ["frontend", "backend", "ml"];
const ignoreFile = (service: string): string => path.join("examples/shop", service, ".dockerignore");

const secrets = [
  ".env",
  ".env.production",
  "nested/.env",
  "server.key",
  "nested/tls.pem",
  "keystore.p12",
  ".npmrc",
  "nested/.npmrc",
  ".netrc",
  ".pgpass",
  ".aws/credentials",
  "nested/.ssh/id_ed25519",
  ".docker/config.json",
  "secrets/password.txt",
  "gcp-credentials.json",
  ".git/config",
];
const bulk = [
  "node_modules/x/index.js",
  "dist/main.mjs",
  ".venv/bin/python",
  "__pycache__/model.pyc",
  "model.pt",
  "dump.sql.gz",
  "npm.log",
];
const wanted = ["package.json", "src/main.ts", "nested/source.py", ".env.example", "migrations/1/migration.sql"];

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "orchestrate-context-"));
  for (const name of [...secrets, ...bulk, ...wanted]) {
    mkdirSync(path.dirname(path.join(folder, "context", name)), { recursive: true });
    writeFileSync(path.join(folder, "context", name), "decoy\n");
  }
  writeFileSync(path.join(folder, "Dockerfile"), "FROM scratch\nCOPY . /\n");
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("what of a service's folder reaches a build", () => {
  test.each(services)("%s: sources do, secrets and bulk do not", (service) => {
    copyFileSync(ignoreFile(service), path.join(folder, "context", ".dockerignore"));
    const output = path.join(folder, service);
    execFileSync(
      "docker",
      [
        "buildx",
        "build",
        "--quiet",
        "--file",
        path.join(folder, "Dockerfile"),
        "--output",
        `type=local,dest=${output}`,
        path.join(folder, "context"),
      ],
      { stdio: "pipe" },
    );
    const sent = execFileSync("find", [".", "-type", "f"], { cwd: output, encoding: "utf8" }).split("\n");
    const files = sent.filter((line) => line !== "").map((line) => line.replace("./", ""));
    expect(files.toSorted()).toEqual(wanted.toSorted());
  });

  test("every service has the same rules", () => {
    const rules = services.map((service) => readFileSync(ignoreFile(service), "utf8"));
    expect(new Set(rules).size).toBe(1);
  });
});
