import { describe, expect, it } from "vitest";
import { describeBakeFailure } from "../../../src/docker/bake-failure.ts";
import { createBakeProgress } from "../../../src/docker/bake-progress.ts";
import type { CommandEnding, CommandResult } from "../../../src/docker/command.ts";
import type { Failure } from "../../../src/model/failure.ts";
import { recordedLines } from "./recorded-output.ts";

function ended(ending: CommandEnding): CommandResult {
  return { ...ending, stdout: "", evidence: { command: "docker buildx bake x", lastLines: [] }, durationMs: 1 };
}

function failureOf(name: string, exitCode: number): Failure {
  const progress = createBakeProgress();
  for (const line of recordedLines(name)) progress.push(line);
  return describeBakeFailure("x", ended({ outcome: "exited", exitCode }), progress, "unix:///x.sock");
}

describe("describeBakeFailure", () => {
  it("names step and error of a RUN that failed, with its output and the Dockerfile's frame as evidence", () => {
    const failure = failureOf("bake-failed.rawjson", 1);
    expect(failure).toMatchObject({
      reason: "build-failed",
      bakeTarget: "x",
      step: '[fail 2/3] RUN echo "to stderr" >&2; exit 7',
      error: expect.stringContaining("exit code: 7"),
    });
    const lines = failure.reason === "build-failed" ? failure.evidence.lastLines : [];
    expect(lines[0]).toBe("to stderr");
    expect(lines).toContain('   3 | >>> RUN echo "to stderr" >&2; exit 7');
    expect(lines.length).toBeLessThanOrEqual(20);
  });

  it.each([
    ["bake-no-space-copy.rawjson", 102, "no-space"],
    ["bake-no-space-run.rawjson", 1, "no-space"],
    ["bake-missing-base.rawjson", 1, "network"],
    ["bake-daemon-down.rawjson", 1, "engine-unreachable"],
    ["bake-daemon-killed.rawjson", 1, "engine-unreachable"],
    ["bake-daemon-stopped.rawjson", 1, "engine-unreachable"],
    ["bake-dockerfile-syntax.rawjson", 1, "build-failed"],
    ["bake-dockerfile-missing.rawjson", 1, "build-failed"],
  ])("recognises %s", (name, exitCode, reason) => {
    expect(failureOf(name, exitCode).reason).toBe(reason);
  });

  it("believes a RUN that speaks of space only where the disk may have been full, and BuildKit always", () => {
    const reasonOf = (name: string, exitCode: number): string => {
      const progress = createBakeProgress();
      for (const line of recordedLines(name)) progress.push(line);
      return describeBakeFailure("x", ended({ outcome: "exited", exitCode }), progress, "e", () => false).reason;
    };
    expect(reasonOf("bake-no-space-run.rawjson", 1)).toBe("build-failed");
    expect(reasonOf("bake-no-space-copy.rawjson", 102)).toBe("no-space");
  });

  it("says which step met the trouble", () => {
    expect(failureOf("bake-no-space-run.rawjson", 1)).toMatchObject({
      error:
        "[run 1/2] RUN busybox dd if=/dev/zero of=/big bs=1M count=600: dd: error writing '/big': No space left on device",
    });
  });

  it("keeps the error of a Dockerfile that cannot be read", () => {
    expect(failureOf("bake-dockerfile-missing.rawjson", 1)).toMatchObject({
      error: "target ok: failed to solve: failed to read dockerfile: open none.Dockerfile: no such file or directory",
    });
  });

  it("reports a missing buildx, a signal and an abort as what they are", () => {
    const progress = createBakeProgress();
    const reasonOf = (ending: CommandEnding): string => describeBakeFailure("x", ended(ending), progress, "e").reason;
    expect(reasonOf({ outcome: "not-found", command: "docker" })).toBe("command-not-found");
    expect(reasonOf({ outcome: "signalled", signal: "SIGKILL" })).toBe("command-failed");
    expect(reasonOf({ outcome: "aborted" })).toBe("command-failed");
  });
});
