import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { SecondEngine } from "../rig/second-engine.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const NODE = path.join(ROOT, "node_modules/node/bin/node");
/** By it dockerd crashes under a deploy, a deploy is killed, and another one is killed before dockerd is restarted. */
const SEED = 61;

describe.runIf(SecondEngine.isPossible())("dockerd", () => {
  it("may crash or be restarted under a deploy, and in between: one command puts it right", async () => {
    const words = ["bench/deploy-soak.ts", "--disturb", "3", "--restart", "always", "--seed", String(SEED)];
    const soak = spawn(NODE, words, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
    const [stdout, stderr] = await Promise.all([text(soak.stdout), text(soak.stderr), once(soak, "close")]);
    expect(soak.exitCode, `${stdout}\n${stderr}`).toBe(0);
    expect(stdout).toMatch(/engine-crash at .*\n.*: kill at .*\n.*: kill, engine-restart at /);
    expect(stdout).not.toContain("TROUBLE");
  });
});
