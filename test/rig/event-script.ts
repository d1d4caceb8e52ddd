import type { EventTask, RunEvent, RunEventBody, TaskFact } from "../../src/model/event.ts";
import type { Failure } from "../../src/model/failure.ts";
import type { FinalStatus } from "../../src/model/status.ts";

/** Builds an event stream by hand: `at` moves the clock, every other call adds an event at the current time. */
export interface EventScript {
  readonly events: readonly RunEvent[];
  at(offsetMs: number): EventScript;
  add(body: RunEventBody): EventScript;
}

/** Time of `run-started` in scripted streams: 2026-11-23T21:00:00Z. */
export const SCRIPT_START_MS = Date.UTC(2026, 10, 23, 21);

/** Starts a stream with its `run-started` event. */
export function scriptRun(tasks: readonly EventTask[], runId = "20261123-210000-abcd"): EventScript {
  const events: RunEvent[] = [];
  let nowMs = SCRIPT_START_MS;
  const script: EventScript = {
    events,
    at(offsetMs) {
      nowMs = SCRIPT_START_MS + offsetMs;
      return script;
    },
    add(body) {
      events.push({ atMs: nowMs, ...body });
      return script;
    },
  };
  return script.add({
    type: "run-started",
    version: 1,
    runId,
    variants: ["deploy-blue"],
    tasks,
    concurrency: 4,
    logDirectory: `logs/docker/${runId}`,
  });
}

/** The last event, with counts that agree with what was scripted. */
export function finishRun(script: EventScript, durationMs: number): EventScript {
  const counts: Record<FinalStatus, number> = { succeeded: 0, failed: 0, cancelled: 0, blocked: 0, skipped: 0 };
  for (const event of script.events) if (event.type === "task-finished") counts[event.status] += 1;
  const status = counts.cancelled > 0 ? "cancelled" : counts.failed > 0 ? "failed" : "succeeded";
  return script.at(durationMs).add({ type: "run-finished", status, durationMs, counts });
}

/** A run as users have it: a clean, three builds of which one is retried and another fails, what that blocks, a deploy that is skipped. */
export function typicalRun(): readonly RunEvent[] {
  const script = scriptRun([
    { id: "make-room", kind: "clean", needs: [] },
    { id: "images/frontend", kind: "build", needs: ["make-room"] },
    { id: "images/backend", kind: "build", needs: ["make-room"] },
    { id: "images/ml", kind: "build", needs: ["make-room"] },
    { id: "check-images", kind: "verify", needs: ["images/frontend", "images/backend"], location: place(21) },
    { id: "release@blue", kind: "deploy", needs: ["check-images", "images/ml"], environment: "blue" },
    { id: "tell@blue", kind: "run", needs: ["release@blue"], environment: "blue" },
  ]);
  script.at(3).add({ type: "task-started", task: "make-room", attempt: 1 });
  script.at(900).add(step("make-room", "img1", "remove image shop/frontend:old (61.2 MB)", "done", 40));
  script
    .at(1_200)
    .add(
      succeed("make-room", 1_197, [
        { fact: "space-freed", predictedBytes: 1_310_000_000, accountedBytes: 1_204_000_000, removed: 5 },
      ]),
    );
  for (const name of ["frontend", "backend", "ml"]) {
    script.at(1_201).add({ type: "task-started", task: `images/${name}`, attempt: 1 });
    script.at(1_500).add(step(`images/${name}`, "i1", "[internal] load build definition from Dockerfile", "done", 20));
    script.at(1_600).add(step(`images/${name}`, "a", "[builder 1/5] FROM docker.io/library/node:24", "cached"));
    script.at(1_700).add(step(`images/${name}`, "b", "[builder 3/5] RUN npm ci", "running"));
  }
  script.at(3_000).add(output("images/frontend", "added 312 packages in 3s"));
  script.at(4_700).add(step("images/frontend", "b", "[builder 3/5] RUN npm ci", "done", 3_000));
  script.at(5_000).add({
    type: "task-retrying",
    task: "images/backend",
    attempt: 1,
    delayMs: 5_000,
    failure: {
      reason: "network",
      error: "connect ECONNRESET 10.0.0.1:443",
      evidence: { command: "docker buildx bake backend", exitCode: 1, lastLines: ["npm error code ECONNRESET"] },
    },
  });
  script.at(9_000).add(succeed("images/frontend", 7_799, [image("frontend", 58_100_000)]));
  script.at(10_000).add({ type: "task-started", task: "images/backend", attempt: 2 });
  script.at(12_500).add(output("images/ml", "\u001B[2K\rDownloading torch 10%\rDownloading torch 90%"));
  script.at(14_000).add(succeed("images/backend", 12_799, [image("backend", 810_000_000)]));
  script.at(14_001).add({ type: "task-started", task: "check-images", attempt: 1 });
  script.at(14_300).add({
    type: "task-finished",
    task: "check-images",
    durationMs: 299,
    status: "failed",
    continueOnError: false,
    failure: oversized(),
    facts: [
      { fact: "image-size", service: "frontend", sizeBytes: 58_100_000, limitBytes: 80_000_000 },
      { fact: "image-size", service: "backend", sizeBytes: 810_000_000, limitBytes: 750_000_000 },
    ],
  });
  script.add({ type: "task-finished", task: "release@blue", durationMs: 0, status: "blocked", by: ["check-images"] });
  script.at(75_000).add({
    type: "task-finished",
    task: "images/ml",
    durationMs: 73_799,
    status: "failed",
    continueOnError: true,
    facts: [],
    failure: {
      reason: "build-failed",
      bakeTarget: "ml",
      step: "[builder 3/5] RUN npm ci",
      error: 'process "/bin/sh -c npm ci" did not complete successfully: exit code: 1',
      evidence: {
        command: "docker buildx bake ml --progress=rawjson",
        exitCode: 1,
        lastLines: [
          "npm error missing: torch@2",
          "npm error A complete log of this run can be found in: /home/node/.npm/_logs",
        ],
      },
    },
  });
  script.add({
    type: "task-finished",
    task: "tell@blue",
    durationMs: 0,
    status: "skipped",
    because: "if: success() does not hold",
  });
  return finishRun(script, 75_010).events;
}

/** A large graph of short builds, eight at a time, every 25th failing: what the live view must not be drowned by. */
export function wideRun(count: number): readonly RunEvent[] {
  const ids = Array.from({ length: count }, (_, index) => `images/service-${String(index + 1).padStart(3, "0")}`);
  const script = scriptRun(ids.map((id) => ({ id, kind: "build", needs: [] })));
  const lanes = 8;
  for (let turn = 0; turn * lanes < count; turn += 1) {
    const batch = ids.slice(turn * lanes, (turn + 1) * lanes);
    script.at(turn * 1_500);
    for (const id of batch) {
      script.add({ type: "task-started", task: id, attempt: 1 });
      script.add(step(id, "a", "[builder 2/4] RUN npm ci", "running"));
    }
    script.at(turn * 1_500 + 700);
    for (const id of batch) script.add(step(id, "a", "[builder 2/4] RUN npm ci", "done", 700));
    for (const id of batch) script.add(output(id, `compiling ${id}`));
    script.at(turn * 1_500 + 1_499);
    for (const [lane, id] of batch.entries()) {
      if ((turn * lanes + lane + 1) % 25 === 0) script.add(failBuild(id, 1_499));
      else script.add(succeed(id, 1_499, []));
    }
  }
  return finishRun(script, Math.ceil(count / lanes) * 1_500).events;
}

function failBuild(task: string, durationMs: number): RunEventBody {
  const evidence = { command: "docker buildx bake", exitCode: 1, lastLines: ["npm error"] };
  return {
    type: "task-finished",
    task,
    durationMs,
    status: "failed",
    continueOnError: false,
    facts: [],
    failure: {
      reason: "build-failed",
      bakeTarget: task,
      step: "[builder 2/4] RUN npm ci",
      error: "exit code: 1",
      evidence,
    },
  };
}

function place(line: number): { file: string; line: number; column: number } {
  return { file: "pipelines/deploy.yaml", line, column: 3 };
}

function oversized(): Failure {
  return {
    reason: "size-limit-exceeded",
    images: [{ service: "backend", reference: "shop/backend:latest", sizeBytes: 810_000_000, limitBytes: 750_000_000 }],
  };
}

function image(name: string, sizeBytes: number): TaskFact {
  return {
    fact: "image-built",
    bakeTarget: name,
    service: name,
    imageId: "sha256:1234",
    sizeBytes,
    cachedSteps: 12,
    steps: 15,
  };
}

function output(task: string, line: string): RunEventBody {
  return { type: "task-output", task, stream: "stdout", line };
}

function step(
  task: string,
  id: string,
  name: string,
  state: "running" | "done" | "cached" | "failed",
  durationMs?: number,
): RunEventBody {
  return { type: "task-step", task, step: { id, name, state, ...(durationMs === undefined ? {} : { durationMs }) } };
}

function succeed(task: string, durationMs: number, facts: readonly TaskFact[]): RunEventBody {
  return { type: "task-finished", task, durationMs, status: "succeeded", outputs: {}, facts };
}
