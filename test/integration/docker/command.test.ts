import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { CommandOptions, CommandResult, CommandSpec } from "../../../src/docker/command.ts";
import {
  commandFailure,
  describeCommand,
  killAllCommands,
  liveCommandCount,
  runCommand,
} from "../../../src/docker/command.ts";
import { eventually, findProcesses } from "../../rig/processes.ts";

/** Runs a shell script whose processes can be found by the mark in their environment. */
function script(text: string, parts: Partial<CommandSpec> = {}): CommandSpec {
  return { arguments: ["sh", "-c", text], ...parts };
}

function newMark(): string {
  return `orc-test-mark-${randomBytes(6).toString("hex")}`;
}

/** Runs and calls `when` at the first line that contains `line`. */
async function runUntil(
  spec: CommandSpec,
  line: string,
  when: () => void,
  options: CommandOptions = {},
): Promise<CommandResult> {
  return await runCommand(spec, {
    ...options,
    onLine: (text) => {
      if (text.includes(line)) when();
    },
  });
}

describe("runCommand", () => {
  it("returns exit code, captured output and the last lines of both streams", async () => {
    const lines: string[] = [];
    const result = await runCommand(script("echo out; echo err >&2; exit 3", { captureBytes: 100 }), {
      onLine: (line, stream) => lines.push(`${stream}: ${line}`),
    });
    expect(result).toMatchObject({ outcome: "exited", exitCode: 3, stdout: "out\n" });
    expect(lines.sort()).toEqual(["stderr: err", "stdout: out"]);
    expect([...result.evidence.lastLines].sort()).toEqual(["err", "out"]);
    expect(commandFailure(result)).toEqual({ reason: "command-failed", evidence: result.evidence });
  });

  it("keeps twenty lines as evidence and no more captured output than asked for", async () => {
    const result = await runCommand(script("seq 1 1000", { captureBytes: 10 }));
    expect(result.evidence.lastLines).toEqual(Array.from({ length: 20 }, (_, index) => String(981 + index)));
    expect(result.stdout).toBe("1\n2\n3\n4\n5\n");
    expect(commandFailure(result)).toBeUndefined();
  });

  it("passes input, working directory and environment, and removes variables", async () => {
    const result = await runCommand(
      script('cat; pwd; echo "$ADDED-${HOME-none}"', {
        input: "one\ntwo\n",
        workingDirectory: "/",
        environment: { ADDED: "yes", HOME: undefined },
        captureBytes: 1_000,
      }),
    );
    expect(result.stdout).toBe("one\ntwo\n/\nyes-none\n");
  });

  it("has empty input by default instead of waiting for a terminal", async () => {
    expect((await runCommand(script("cat; echo end", { captureBytes: 10 }))).stdout).toBe("end\n");
  });

  it("does not fail when the program does not read its input", async () => {
    expect(await runCommand(script("exit 0", { input: "x".repeat(1_000_000) }))).toMatchObject({ exitCode: 0 });
  });

  it("shows no secret in lines, evidence and command", async () => {
    const lines: string[] = [];
    const result = await runCommand(
      script("printf 'to'; printf 'ken-1 x\\n' >&1; exit 1", { redact: ["token-1", "ken-1"] }),
      {
        onLine: (line) => lines.push(line),
      },
    );
    expect(lines).toEqual(["*** x"]);
    expect(JSON.stringify(result)).not.toMatch(/ken-1/);
  });

  it("tells a missing program, one that may not be executed, and a missing directory", async () => {
    const directory = mkdtempSync(path.join(tmpdir(), "orc-test-"));
    const file = path.join(directory, "program");
    writeFileSync(file, "#!/bin/sh\n");
    chmodSync(file, 0o644);
    const missing = await runCommand({ arguments: ["orc-test-no-such-program"] });
    expect(missing).toMatchObject({ outcome: "not-found", command: "orc-test-no-such-program" });
    expect(commandFailure(missing)).toEqual({ reason: "command-not-found", command: "orc-test-no-such-program" });
    expect(await runCommand({ arguments: [file] })).toMatchObject({ outcome: "not-found" });
    rmSync(directory, { recursive: true });
    const nowhere = await runCommand({ arguments: ["sh"], workingDirectory: directory });
    expect(nowhere).toMatchObject({
      outcome: "not-started",
      error: `the working directory ${directory} does not exist`,
    });
    expect(liveCommandCount()).toBe(0);
  });

  it("tells the signal that ended a command which nobody cancelled", async () => {
    expect(await runCommand(script("kill -9 $$"))).toMatchObject({ outcome: "signalled", signal: "SIGKILL" });
  });
});

describe("ending a command", () => {
  it("leaves none of its processes, grandchildren in other shells included", async () => {
    const mark = newMark();
    const controller = new AbortController();
    const text = "sh -c 'sleep 1000 & sleep 1000' & sh -c 'sleep 1000; :' & sleep 0; echo ready; wait";
    let seen = 0;
    const result = await runUntil(
      script(text, { environment: { MARK: mark } }),
      "ready",
      () => {
        seen = findProcesses(mark).length;
        controller.abort();
      },
      { signal: controller.signal },
    );
    expect(seen).toBeGreaterThan(1);
    expect(result.outcome).toBe("aborted");
    expect(findProcesses(mark)).toEqual([]);
    expect(liveCommandCount()).toBe(0);
  });

  it("lets a command end by itself within the grace", async () => {
    const controller = new AbortController();
    const lines: string[] = [];
    const result = await runCommand(script("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done"), {
      signal: controller.signal,
      onLine: (line) => {
        lines.push(line);
        controller.abort();
      },
    });
    // The shell may say "Terminated" of the sleep that it waits for.
    const own = lines.filter((line) => line !== "Terminated");
    expect([result.outcome, own]).toEqual(["aborted", ["ready", "bye"]]);
  });

  it("kills what ignores SIGTERM after the grace", async () => {
    const mark = newMark();
    const controller = new AbortController();
    const spec = script("trap '' TERM; echo ready; while :; do sleep 1; done", {
      graceMs: 150,
      environment: { MARK: mark },
    });
    const result = await runUntil(spec, "ready", () => controller.abort(), { signal: controller.signal });
    expect(result.outcome).toBe("aborted");
    expect(result.durationMs).toBeGreaterThan(150);
    expect(result.durationMs).toBeLessThan(5_000);
    expect(findProcesses(mark)).toEqual([]);
  });

  it("ends what a command leaves in the background", async () => {
    const mark = newMark();
    const result = await runCommand(script("sleep 1000 & echo done", { environment: { MARK: mark } }));
    expect(result).toMatchObject({ outcome: "exited", exitCode: 0, evidence: { lastLines: ["done"] } });
    expect(findProcesses(mark)).toEqual([]);
  });

  it("waits for output that is still on its way when the command exits", async () => {
    const result = await runCommand(script("(sleep 0.05; echo late) & echo early", { captureBytes: 100 }));
    expect(result.stdout).toBe("early\nlate\n");
  });

  it("starts nothing when it is aborted before", async () => {
    const file = path.join(tmpdir(), newMark());
    const result = await runCommand(script(`echo > ${file}`), { signal: AbortSignal.abort() });
    expect(result).toMatchObject({ outcome: "aborted" });
    expect(() => rmSync(file)).toThrow(/ENOENT/);
  });

  it("kills all commands at once on request", async () => {
    const mark = newMark();
    let ready = 0;
    let killed = 0;
    const start = async (): Promise<CommandResult> =>
      await runUntil(
        script("trap '' TERM; echo ready; sleep 1000; :", { environment: { MARK: mark } }),
        "ready",
        () => {
          ready += 1;
          if (ready === 2) killed = killAllCommands();
        },
      );
    const results = await Promise.all([start(), start()]);
    expect([killed, ...results.map((result) => result.outcome)]).toEqual([2, "signalled", "signalled"]);
    expect(findProcesses(mark)).toEqual([]);
  });

  it("kills running commands when this program itself exits", async () => {
    const mark = newMark();
    const command = path.join(import.meta.dirname, "../../../src/docker/command.ts");
    const program = `
      import { runCommand } from ${JSON.stringify(command)};
      await runCommand({ arguments: ["sh", "-c", "trap '' TERM; echo ready; sleep 1000; :"] }, { onLine: () => process.exit(7) });`;
    const result = await runCommand({
      arguments: [process.execPath, "--input-type=module-typescript", "--eval", program],
      environment: { MARK: mark },
    });
    expect(result).toMatchObject({ exitCode: 7 });
    // Nobody waits for what a program kills while it leaves: it may be seen a moment longer.
    expect(
      await eventually(
        () => findProcesses(mark),
        (found) => found.length === 0,
      ),
    ).toEqual([]);
  });
});

describe("describeCommand", () => {
  it("quotes what a shell would take apart", () => {
    expect(describeCommand(["docker", "run", "a b", "it's", "--x=y", ""])).toBe("docker run 'a b' 'it'\\''s' --x=y ''");
  });
});
