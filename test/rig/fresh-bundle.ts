import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const ROOT = path.join(import.meta.dirname, "../..");

/**
 * Bundles the program once for all end-to-end tests, into a directory of its own outside the repository: a bundle that is made
 * there meanwhile does not disturb the tests, and nothing of node_modules can be found from there.
 */
export function setup(): () => void {
  const directory = mkdtempSync(path.join(tmpdir(), "orc-test-bundle-"));
  execFileSync(path.join(ROOT, "node_modules/node/bin/node"), [path.join(ROOT, "scripts/bundle.ts"), directory], {
    stdio: "pipe",
    timeout: 60_000,
  });
  process.env["ORCHESTRATE_TEST_PROGRAM"] = path.join(directory, "orchestrate.cjs");
  return () => rmSync(directory, { recursive: true, force: true });
}
