import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunSpec } from "../../../src/model/pipeline.ts";
import type { TaskResult } from "../../../src/model/performer.ts";
import type { TaskOf } from "../../../src/model/task.ts";
import { constantTemplate } from "../../../src/model/template.ts";
import { performRun } from "../../../src/tasks/run.ts";
import { DEFAULT_DEPLOY_SETTINGS } from "../../../src/model/release.ts";
import { TaskAttempt } from "../../rig/task-attempt.ts";

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "orc-test-run-"));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

function words(...texts: readonly string[]): RunSpec["command"] {
  return { form: "arguments", arguments: texts.map(constantTemplate) };
}

async function perform(
  spec: Partial<RunSpec>,
  attempt = new TaskAttempt(),
  redact: readonly string[] = [],
): Promise<TaskResult> {
  const task: TaskOf<"run"> = {
    kind: "run",
    run: { command: words("true"), environment: {}, workingDirectory: ".", ...spec },
    id: "tell",
    origin: "tell",
    variants: ["test"],
    needs: [],
    location: { file: "pipelines/test.yaml", line: 1, column: 1 },
    condition: { is: "success" },
    continueOnError: false,
    timeoutMs: 10_000,
    retry: { max: 0, on: [], backoffMs: 0 },
    pools: {},
    resources: {},
  };
  const policy = { maxCacheBytes: 0, keepImagesPerService: 1, minAgeMs: 0 };
  return await performRun(task, attempt, {
    config: {
      project: "test",
      services: [],
      environments: [],
      sharedCompose: [],
      deploy: DEFAULT_DEPLOY_SETTINGS,
      cleanup: { normal: policy, aggressive: policy },
      bake: { files: [], cacheFrom: [], cacheTo: [] },
    },
    projectDirectory: directory,
    engine: async () => await Promise.reject(new Error("a command needs no engine")),
    environment: {},
    redact,
  });
}

/** Whether the process exists and is more than an entry that nobody has fetched yet. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

describe("a run task", () => {
  it("executes an argument list as it is: nothing in it is shell", async () => {
    const attempt = new TaskAttempt();
    const result = await perform({ command: words("printf", "%s\\n", "$(id)", "a b", "; rm *", "") }, attempt);
    expect(result).toEqual({ ok: true, outputs: {}, facts: [] });
    expect(attempt.lines).toEqual(["$(id)", "a b", "; rm *", ""]);
  });

  it("gives the shell form its values as environment variables only", async () => {
    const attempt = new TaskAttempt({ values: { "run.status": '"; touch planted; "' } });
    const status = { namespace: "run", member: "status", location: { file: "f", line: 1, column: 1 } } as const;
    const result = await perform(
      {
        command: { form: "shell", script: 'echo "status: $STATUS"; ls' },
        environment: { STATUS: { parts: [status] } },
      },
      attempt,
    );
    expect(result.ok).toBe(true);
    expect(attempt.lines).toEqual(['status: "; touch planted; "']);
  });

  it("reports both streams as they come and fails with the exit code and the last lines", async () => {
    const attempt = new TaskAttempt();
    const result = await perform({ command: { form: "shell", script: "echo out; echo err >&2; exit 3" } }, attempt);
    expect(result).toMatchObject({
      ok: false,
      failure: {
        reason: "command-failed",
        evidence: { exitCode: 3, lastLines: expect.arrayContaining(["out", "err"]) },
      },
    });
    expect(attempt.reports).toContainEqual({ type: "output", stream: "stderr", line: "err" });
  });

  it("names a program that does not exist", async () => {
    expect(await perform({ command: words("no-such-program") })).toEqual({
      ok: false,
      failure: { reason: "command-not-found", command: "no-such-program" },
      facts: [],
    });
  });

  it("fails where a reference has no value, before anything starts", async () => {
    const reference = {
      namespace: "tasks",
      task: "images/web",
      output: "image_id",
      location: { file: "f", line: 1, column: 1 },
    } as const;
    const command = { form: "arguments", arguments: [constantTemplate("touch"), { parts: [reference] }] } as const;
    expect(await perform({ command })).toMatchObject({
      failure: { reason: "reference-unresolved", reference: "${tasks.images/web.image_id}" },
    });
  });

  it("shows no declared secret", async () => {
    const attempt = new TaskAttempt();
    const result = await perform({ command: words("sh", "-c", "echo key hunter2; exit 1") }, attempt, ["hunter2"]);
    expect(JSON.stringify([attempt.reports, result])).not.toContain("hunter2");
    expect(attempt.lines.length).toBe(1);
  });

  it("ends the whole process tree when it is aborted", async () => {
    const attempt = new TaskAttempt();
    const script = "sh -c 'sleep 600 & echo $!; wait' & wait";
    const running = perform({ command: { form: "shell", script } }, attempt);
    await expect.poll(() => attempt.lines.length).toBe(1);
    const pid = Number(attempt.lines[0]);
    expect(isRunning(pid)).toBe(true);
    attempt.abort();
    expect((await running).ok).toBe(false);
    expect(isRunning(pid)).toBe(false);
  });
});
