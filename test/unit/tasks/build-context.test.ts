import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { measureContexts, parseIgnored } from "../../../src/tasks/build-context.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "orchestrate-context-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function write(file: string, bytes: number): void {
  mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
  writeFileSync(path.join(directory, file), "x".repeat(bytes));
}

describe("measureContexts", () => {
  it("adds up the files of all local contexts, without links and without what is elsewhere", async () => {
    write("app/a", 10);
    write("app/deep/er/b", 20);
    write("shared/c", 5);
    symlinkSync("a", path.join(directory, "app/link"));
    const contexts = { shared: "shared", base: "target:base", image: "docker-image://x", git: "https://x.test/y.git" };
    expect(await measureContexts(directory, { context: "app", contexts })).toBe(35);
  });

  it("leaves out what the ignore file names; one beside the Dockerfile takes the place of the other", async () => {
    write("app/a", 10);
    write("app/node_modules/b", 1_000);
    write("app/.dockerignore", 0);
    writeFileSync(path.join(directory, "app/.dockerignore"), "node_modules\n.dockerignore\n");
    expect(await measureContexts(directory, { context: "app" })).toBe(10);
    writeFileSync(path.join(directory, "app/web.Dockerfile.dockerignore"), "*ignore\n");
    expect(await measureContexts(directory, { context: "app", dockerfile: "web.Dockerfile" })).toBe(1_010);
  });

  it("counts nothing of a context that does not exist", async () => {
    expect(await measureContexts(directory, { context: "none" })).toBe(0);
  });
});

describe("parseIgnored", () => {
  it.each([
    ["node_modules", "node_modules/x/y", true],
    ["node_modules", "web/node_modules/x", false],
    ["**/node_modules", "web/node_modules/x", true],
    ["**/node_modules", "node_modules/x", true],
    ["*.log", "a.log", true],
    ["*.log", "logs/a.log", false],
    ["/dist/", "dist/a", true],
    ["./dist", "dist/a", true],
    ["*\n!keep", "keep", false],
    ["*\n!keep", "other", true],
    ["!keep\n*", "keep", true],
    ["# comment\n\n a? ", "ab", true],
    ["a(1).txt", "a(1).txt", true],
  ])("%j: %s", (text, file, ignored) => {
    expect(parseIgnored(text)(file)).toBe(ignored);
  });
});
