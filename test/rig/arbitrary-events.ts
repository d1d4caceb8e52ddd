import * as fc from "fast-check";
import type { EventTask, RunEvent, RunEventBody, TaskEnding, TaskFact, TaskStep } from "../../src/model/event.ts";
import type { CommandEvidence, Failure } from "../../src/model/failure.ts";
import { TASK_KINDS } from "../../src/model/pipeline.ts";
import type { FinalStatus } from "../../src/model/status.ts";

/** Text as programs print it: anything, with escape sequences, progress bars and workflow commands mixed in. */
const text = fc.oneof(
  { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 30 }) },
  { weight: 2, arbitrary: fc.string({ maxLength: 30 }) },
  {
    weight: 1,
    arbitrary: fc
      .array(
        fc.constantFrom(
          "\u001B[31m",
          "\u001B[2K",
          "\r",
          "\n",
          "\t",
          "::error::x",
          "##[group]",
          "%",
          "`",
          "|",
          "a b",
          "…",
        ),
      )
      .map((parts) => parts.join("")),
  },
);
const count = fc.nat({ max: 1_000 });
const bytes = fc.nat({ max: 20_000_000_000 });
const durationMs = fc.nat({ max: 10_000_000 });
const lines = fc.array(text, { maxLength: 4 });

const evidence: fc.Arbitrary<CommandEvidence> = fc.record(
  { command: text, exitCode: count, signal: fc.constantFrom("SIGKILL", "SIGTERM"), lastLines: lines },
  { requiredKeys: ["command", "lastLines"], noNullPrototype: true },
);

/** A failure of any reason, each as likely as another. */
export const arbitraryFailure: fc.Arbitrary<Failure> = fc.oneof(
  plain({ reason: fc.constant("command-failed" as const), evidence }),
  plain({ reason: fc.constant("command-not-found" as const), command: text }),
  fc.record(
    { reason: fc.constant("build-failed" as const), bakeTarget: text, step: text, error: text, evidence },
    { requiredKeys: ["reason", "bakeTarget", "error", "evidence"], noNullPrototype: true },
  ),
  plain({
    reason: fc.constantFrom("network" as const, "registry" as const, "no-space" as const),
    error: text,
    evidence,
  }),
  plain({
    reason: fc.constant("no-room" as const),
    bakeTarget: text,
    neededBytes: bytes,
    basis: text,
    freeBytes: bytes,
    minFreeBytes: bytes,
    totalBytes: bytes,
    tried: lines,
  }),
  plain({ reason: fc.constant("timed-out" as const), timeoutMs: durationMs, lastLines: lines }),
  plain({ reason: fc.constant("engine-unreachable" as const), endpoint: text, error: text }),
  plain({ reason: fc.constant("engine-refused" as const), request: text, status: count, error: text }),
  plain({ reason: fc.constant("image-missing" as const), service: text, reference: text }),
  plain({
    reason: fc.constant("size-limit-exceeded" as const),
    images: fc.array(plain({ service: text, reference: text, sizeBytes: bytes, limitBytes: bytes }), { maxLength: 3 }),
  }),
  plain({
    reason: fc.constant("http-check-failed" as const),
    url: text,
    expected: text,
    actual: text,
    attempts: count,
  }),
  plain({
    reason: fc.constant("not-ready" as const),
    project: text,
    service: text,
    container: text,
    state: text,
    lastLines: lines,
  }),
  plain({ reason: fc.constant("compose-failed" as const), project: text, evidence }),
  plain({ reason: fc.constant("reference-unresolved" as const), reference: text }),
  plain({ reason: fc.constant("router-failed" as const), call: text, error: text }),
  plain({ reason: fc.constant("release-unhealthy" as const), colour: text, breach: text, lastLines: lines }),
  plain({
    reason: fc.constant("smoke-failed" as const),
    colour: text,
    request: text,
    expected: text,
    actual: text,
  }),
  plain({ reason: fc.constant("deploy-locked" as const), project: text, holder: text, sinceMs: durationMs }),
  plain({ reason: fc.constant("journal-failed" as const), error: text }),
  plain({ reason: fc.constant("release-refused" as const), what: text, because: text }),
  plain({ reason: fc.constant("colour-live" as const), project: text, colour: text, idle: lines }),
  plain({ reason: fc.constant("image-unverified" as const), service: text, imageId: text }),
);

const fact: fc.Arbitrary<TaskFact> = fc.oneof(
  fc.record(
    {
      fact: fc.constant("image-built" as const),
      bakeTarget: text,
      service: text,
      imageId: text,
      sizeBytes: bytes,
      cachedSteps: count,
      steps: count,
    },
    { requiredKeys: ["fact", "bakeTarget", "imageId", "sizeBytes", "cachedSteps", "steps"], noNullPrototype: true },
  ),
  fc.record(
    { fact: fc.constant("image-size" as const), service: text, imageId: text, sizeBytes: bytes, limitBytes: bytes },
    { requiredKeys: ["fact", "service", "sizeBytes"], noNullPrototype: true },
  ),
  plain({
    fact: fc.constant("disk-written" as const),
    bakeTarget: text,
    imageStore: fc.constantFrom("graph-driver" as const, "containerd" as const),
    contextBytes: bytes,
    layerBytes: bytes,
  }),
  plain({ fact: fc.constant("space-freed" as const), predictedBytes: bytes, accountedBytes: bytes, removed: count }),
  fc.record(
    { fact: fc.constant("deployed" as const), environment: text, project: text, url: fc.webUrl(), containers: count },
    { requiredKeys: ["fact", "environment", "project", "containers"], noNullPrototype: true },
  ),
  fc.record(
    { fact: fc.constant("traffic-served" as const), live: text, requests: count, failed: count, retried: count },
    { requiredKeys: ["fact", "live", "requests", "failed"], noNullPrototype: true },
  ),
  plain({ fact: fc.constant("http-answered" as const), url: fc.webUrl(), status: count, durationMs }),
);
const facts = fc.array(fact, { maxLength: 3 });
const outputs = fc.dictionary(fc.stringMatching(/^[a-z][a-z_]{0,8}$/), text, { maxKeys: 3, noNullPrototype: true });

const endingAfterStart: fc.Arbitrary<TaskEnding> = fc.oneof(
  plain({ status: fc.constant("succeeded" as const), outputs, facts }),
  plain({ status: fc.constant("failed" as const), failure: arbitraryFailure, continueOnError: fc.boolean(), facts }),
  plain({ status: fc.constant("cancelled" as const) }),
);
const endingWithoutStart: fc.Arbitrary<TaskEnding> = fc.oneof(
  plain({ status: fc.constant("cancelled" as const) }),
  plain({ status: fc.constant("failed" as const), failure: arbitraryFailure, continueOnError: fc.boolean(), facts }),
  plain({ status: fc.constant("blocked" as const), by: fc.array(text, { minLength: 1, maxLength: 3 }) }),
  plain({ status: fc.constant("skipped" as const), because: text }),
);

const step: fc.Arbitrary<TaskStep> = fc.record(
  {
    id: fc.constantFrom("a", "b", "c"),
    name: fc.oneof(text, fc.constantFrom("[internal] load build context", "[builder 1/2] RUN make")),
    state: fc.constantFrom("running" as const, "done" as const, "cached" as const, "failed" as const),
    durationMs,
  },
  { requiredKeys: ["id", "name", "state"], noNullPrototype: true },
);
const told = fc.oneof(
  plain({ type: fc.constant("task-step" as const), step }),
  plain({
    type: fc.constant("task-output" as const),
    stream: fc.constantFrom("stdout" as const, "stderr" as const),
    line: text,
  }),
);

/** What happens to one task, in order: attempts of which all but the last are retried, then the end. */
interface TaskStory {
  readonly announced: Omit<EventTask, "needs">;
  readonly bodies: readonly RunEventBody[];
}

const story: fc.Arbitrary<TaskStory> = fc
  .tuple(
    fc.record(
      {
        id: fc.stringMatching(/^[a-z][a-z0-9-]{0,8}(\/[a-z.]{1,5})?(@blue)?$/),
        kind: fc.constantFrom(...TASK_KINDS),
        environment: fc.constant("blue"),
        location: plain({ file: text, line: count, column: count }),
      },
      { requiredKeys: ["id", "kind"], noNullPrototype: true },
    ),
    fc.boolean(),
    fc.array(fc.tuple(fc.array(told, { maxLength: 4 }), arbitraryFailure, durationMs), { minLength: 1, maxLength: 3 }),
    endingAfterStart,
    endingWithoutStart,
    durationMs,
    fc.array(text, { maxLength: 2 }),
  )
  .map(([announced, starts, attempts, ended, unstarted, taskMs, reasons]) => {
    const task = announced.id;
    const waits = reasons.map((because): RunEventBody => ({ type: "task-waiting", task, because }));
    if (!starts) return { announced, bodies: [...waits, { type: "task-finished", task, durationMs: 0, ...unstarted }] };
    const bodies = attempts.flatMap(([reports, failure, delayMs], index): RunEventBody[] => [
      { type: "task-started", task, attempt: index + 1 },
      ...reports.map((report) => ({ ...report, task })),
      ...(index + 1 < attempts.length
        ? [{ type: "task-retrying" as const, task, attempt: index + 1, failure, delayMs }]
        : []),
    ]);
    return { announced, bodies: [...waits, ...bodies, { type: "task-finished", task, durationMs: taskMs, ...ended }] };
  });

/** A whole run whose events keep the order that src/model/event.ts promises, tasks interleaved in any way. */
export const arbitraryRun: fc.Arbitrary<readonly RunEvent[]> = fc
  .tuple(
    fc.uniqueArray(story, { selector: ({ announced }) => announced.id, maxLength: 6 }),
    fc.array(fc.nat(), { minLength: 1, maxLength: 100 }),
    fc.option(fc.constantFrom("signal" as const, "fail-fast" as const), { nil: undefined }),
    fc.array(text, { maxLength: 2 }),
  )
  .map(([stories, choices, because, variants]) => {
    const events: RunEvent[] = [];
    let atMs = 1_700_000_000_000;
    let chosen = 0;
    const choose = (limit: number): number => {
      chosen += 1;
      return (choices[chosen % choices.length] ?? 0) % limit;
    };
    const add = (body: RunEventBody): void => {
      atMs += choose(4) === 0 ? choose(30_000) : choose(20);
      events.push({ atMs, ...body });
    };
    const tasks = stories.map(({ announced }) => ({ ...announced, needs: [] }));
    add({
      type: "run-started",
      version: 1,
      runId: "20261123-210000-abcd",
      variants,
      tasks,
      concurrency: 2,
      logDirectory: "logs/docker/x",
    });
    const queues = stories.map(({ bodies }) => [...bodies]);
    while (queues.some((queue) => queue.length > 0)) {
      const open = queues.filter((queue) => queue.length > 0);
      const body = open[choose(open.length)]?.shift();
      if (body !== undefined) add(body);
      if (because !== undefined && choose(10) === 0) add({ type: "run-cancelling", because, signal: "SIGINT" });
    }
    const counts: Record<FinalStatus, number> = { succeeded: 0, failed: 0, cancelled: 0, blocked: 0, skipped: 0 };
    for (const event of events) if (event.type === "task-finished") counts[event.status] += 1;
    add({
      type: "run-finished",
      status: counts.failed > 0 ? "failed" : "succeeded",
      durationMs: atMs - 1_700_000_000_000,
      counts,
    });
    return events;
  });

function plain<T extends object>(model: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true });
}
