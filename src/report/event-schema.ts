import * as z from "zod";
import { EVENT_VERSION } from "../model/event.ts";
import type { RunEvent } from "../model/event.ts";
import type { Failure } from "../model/failure.ts";
import { TASK_KINDS } from "../model/pipeline.ts";

const evidence = z.object({
  command: z.string(),
  exitCode: z.number().exactOptional(),
  signal: z.string().exactOptional(),
  lastLines: z.array(z.string()),
});
const location = z.object({
  file: z.string(),
  line: z.number(),
  column: z.number(),
  endLine: z.number().exactOptional(),
  endColumn: z.number().exactOptional(),
});
const errorWithEvidence = { error: z.string(), evidence };

const failure: z.ZodType<Failure> = z.discriminatedUnion("reason", [
  z.object({ reason: z.literal("command-failed"), evidence }),
  z.object({ reason: z.literal("command-not-found"), command: z.string() }),
  z.object({
    reason: z.literal("build-failed"),
    bakeTarget: z.string(),
    step: z.string().exactOptional(),
    ...errorWithEvidence,
  }),
  z.object({ reason: z.literal("network"), ...errorWithEvidence }),
  z.object({ reason: z.literal("registry"), ...errorWithEvidence }),
  z.object({ reason: z.literal("no-space"), ...errorWithEvidence }),
  z.object({
    reason: z.literal("no-room"),
    bakeTarget: z.string(),
    neededBytes: z.number(),
    basis: z.string(),
    freeBytes: z.number(),
    minFreeBytes: z.number(),
    totalBytes: z.number(),
    tried: z.array(z.string()),
  }),
  z.object({ reason: z.literal("timed-out"), timeoutMs: z.number(), lastLines: z.array(z.string()) }),
  z.object({ reason: z.literal("engine-unreachable"), endpoint: z.string(), error: z.string() }),
  z.object({ reason: z.literal("engine-refused"), request: z.string(), status: z.number(), error: z.string() }),
  z.object({ reason: z.literal("image-missing"), service: z.string(), reference: z.string() }),
  z.object({
    reason: z.literal("size-limit-exceeded"),
    images: z.array(
      z.object({
        service: z.string(),
        reference: z.string(),
        sizeBytes: z.number(),
        limitBytes: z.number(),
        previousBytes: z.number().exactOptional(),
      }),
    ),
  }),
  z.object({
    reason: z.literal("http-check-failed"),
    url: z.string(),
    expected: z.string(),
    actual: z.string(),
    attempts: z.number(),
  }),
  z.object({
    reason: z.literal("not-ready"),
    project: z.string(),
    service: z.string(),
    container: z.string(),
    state: z.string(),
    lastLines: z.array(z.string()),
  }),
  z.object({ reason: z.literal("compose-failed"), project: z.string(), evidence }),
  z.object({ reason: z.literal("router-failed"), call: z.string(), error: z.string() }),
  z.object({
    reason: z.literal("release-unhealthy"),
    colour: z.string(),
    breach: z.string(),
    lastLines: z.array(z.string()),
  }),
  z.object({
    reason: z.literal("smoke-failed"),
    colour: z.string(),
    request: z.string(),
    expected: z.string(),
    actual: z.string(),
  }),
  z.object({ reason: z.literal("deploy-locked"), project: z.string(), holder: z.string(), sinceMs: z.number() }),
  z.object({ reason: z.literal("release-refused"), what: z.string(), because: z.string() }),
  z.object({
    reason: z.literal("colour-live"),
    project: z.string(),
    colour: z.string(),
    idle: z.array(z.string()),
  }),
  z.object({ reason: z.literal("image-unverified"), service: z.string(), imageId: z.string() }),
  z.object({ reason: z.literal("journal-failed"), error: z.string() }),
  z.object({ reason: z.literal("reference-unresolved"), reference: z.string() }),
]);

const fact = z.discriminatedUnion("fact", [
  z.object({
    fact: z.literal("image-built"),
    bakeTarget: z.string(),
    service: z.string().exactOptional(),
    imageId: z.string(),
    sizeBytes: z.number(),
    limitBytes: z.number().exactOptional(),
    cachedSteps: z.number(),
    steps: z.number(),
  }),
  z.object({
    fact: z.literal("disk-written"),
    bakeTarget: z.string(),
    imageStore: z.enum(["graph-driver", "containerd"]),
    contextBytes: z.number(),
    layerBytes: z.number(),
  }),
  z.object({
    fact: z.literal("image-size"),
    service: z.string(),
    imageId: z.string().exactOptional(),
    sizeBytes: z.number(),
    limitBytes: z.number().exactOptional(),
  }),
  z.object({
    fact: z.literal("space-freed"),
    predictedBytes: z.number(),
    accountedBytes: z.number(),
    physicalBytes: z.number().exactOptional(),
    removed: z.number(),
    spared: z.array(z.object({ why: z.string(), count: z.number() })).exactOptional(),
    disturbance: z.object({ added: z.number(), removed: z.number() }).exactOptional(),
  }),
  z.object({
    fact: z.literal("deployed"),
    environment: z.string(),
    project: z.string(),
    url: z.string().exactOptional(),
    containers: z.number(),
    unchanged: z.boolean().exactOptional(),
  }),
  z.object({
    fact: z.literal("traffic-served"),
    live: z.string(),
    requests: z.number(),
    failed: z.number(),
    retried: z.number().exactOptional(),
    cutoverMs: z.number().exactOptional(),
  }),
  z.object({ fact: z.literal("http-answered"), url: z.string(), status: z.number(), durationMs: z.number() }),
]);

const atMs = z.number().describe("Milliseconds since 1970");
const task = z.string().describe("Id of the task");
const durationMs = z.number();
const facts = z.array(fact);
const ended = { atMs, type: z.literal("task-finished"), task, durationMs };

const taskFinished = z.discriminatedUnion("status", [
  z.object({
    ...ended,
    status: z.literal("succeeded"),
    outputs: z.record(z.string(), z.string()),
    facts,
  }),
  z.object({ ...ended, status: z.literal("failed"), failure, continueOnError: z.boolean(), facts }),
  z.object({ ...ended, status: z.literal("cancelled") }),
  z.object({ ...ended, status: z.literal("blocked"), by: z.array(z.string()) }),
  z.object({ ...ended, status: z.literal("skipped"), because: z.string() }),
]);

const count = z.number().int().min(0);

/** The written form of every event: one line of `events.ndjson`. */
export const eventSchema: z.ZodType<RunEvent> = z.discriminatedUnion("type", [
  z.object({
    atMs,
    type: z.literal("run-started"),
    version: z.literal(EVENT_VERSION),
    runId: z.string(),
    variants: z.array(z.string()),
    tasks: z.array(
      z.object({
        id: z.string(),
        kind: z.enum(TASK_KINDS),
        needs: z.array(z.string()),
        environment: z.string().exactOptional(),
        location: location.exactOptional(),
      }),
    ),
    concurrency: z.number(),
    logDirectory: z.string(),
  }),
  z.object({ atMs, type: z.literal("task-waiting"), task, because: z.string() }),
  z.object({ atMs, type: z.literal("task-started"), task, attempt: z.number() }),
  z.object({
    atMs,
    type: z.literal("task-step"),
    task,
    step: z.object({
      id: z.string(),
      name: z.string(),
      state: z.enum(["running", "done", "cached", "failed"]),
      durationMs: z.number().exactOptional(),
    }),
  }),
  z.object({
    atMs,
    type: z.literal("task-output"),
    task,
    stream: z.enum(["stdout", "stderr"]),
    line: z.string(),
  }),
  z.object({ atMs, type: z.literal("task-retrying"), task, attempt: z.number(), failure, delayMs: z.number() }),
  taskFinished,
  z.object({
    atMs,
    type: z.literal("run-cancelling"),
    because: z.enum(["signal", "fail-fast"]),
    signal: z.string().exactOptional(),
  }),
  z.object({
    atMs,
    type: z.literal("run-finished"),
    status: z.enum(["succeeded", "failed", "cancelled"]),
    durationMs,
    counts: z.object({ succeeded: count, failed: count, cancelled: count, blocked: count, skipped: count }),
  }),
]);

/** The event that a recorded value is; undefined for anything else. */
export function parseEvent(value: unknown): RunEvent | undefined {
  const result = eventSchema.safeParse(value);
  return result.success ? result.data : undefined;
}
