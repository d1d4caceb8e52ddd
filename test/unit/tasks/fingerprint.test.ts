import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { parseComposeModel } from "../../../src/docker/compose-model.ts";
import { describeFingerprint } from "../../../src/tasks/deploy/fingerprint.ts";
import type { FingerprintInput } from "../../../src/tasks/deploy/fingerprint.ts";

const directory = mkdtempSync(path.join(tmpdir(), "orc-test-fingerprint-"));

afterAll(() => {
  rmSync(directory, { recursive: true });
});

function write(file: string, text: string): void {
  writeFileSync(path.join(directory, file), text);
}

beforeEach(() => {
  write("site.conf", "one");
  write("password", "one");
  write("page.html", "one");
});

function input(
  change: Partial<FingerprintInput> = {},
  service: Readonly<Record<string, unknown>> = {},
): FingerprintInput {
  const document = {
    name: "shop-blue",
    services: {
      web: {
        image: "shop/web",
        volumes: [{ type: "bind", source: path.join(directory, "page.html"), target: "/page.html" }],
        ...service,
      },
    },
    configs: { site: { file: path.join(directory, "site.conf") } },
    secrets: { password: { file: path.join(directory, "password") }, token: { environment: "TOKEN" } },
  };
  const model = parseComposeModel(JSON.stringify(document));
  if (model === undefined) throw new Error("no model");
  return {
    model,
    images: { web: "sha256:1" },
    routerVersion: "1",
    secretKey: "key",
    workingDirectory: directory,
    environment: { TOKEN: "one" },
    ...change,
  };
}

describe("describeFingerprint", () => {
  it("is the same for the same, however the image is named and the keys are ordered", () => {
    const same = input({}, { image: "sha256:1", build: { context: "." } });
    expect(describeFingerprint(same)).toBe(describeFingerprint(input()));
  });

  const changes: Readonly<Record<string, () => FingerprintInput>> = {
    "the image": () => input({ images: { web: "sha256:2" } }),
    "a setting of a service": () => input({}, { environment: { MODE: "x" } }),
    "the router's configuration": () => input({ routerVersion: "2" }),
    "the value of a secret in the environment": () => input({ environment: { TOKEN: "two" } }),
    "the content of a config": () => {
      write("site.conf", "two");
      return input();
    },
    "the content of a secret": () => {
      write("password", "two");
      return input();
    },
    "the content of a mounted file": () => {
      write("page.html", "two");
      return input();
    },
  };
  for (const [what, change] of Object.entries(changes)) {
    it(`is another one after ${what} has changed`, () => {
      const before = describeFingerprint(input());
      expect(describeFingerprint(change())).not.toBe(before);
    });
  }
});
