import type { TaskStep } from "../model/event.ts";
import { flagAt, isRecord, listAt, numberAt, parseJson, textAt } from "./json-value.ts";
import type { LineSplitter, LineTail } from "./output-lines.ts";
import { createLineSplitter, createLineTail } from "./output-lines.ts";

/** Something new that the stream told. */
export type BakeUpdate =
  | { readonly update: "step"; readonly step: TaskStep }
  | { readonly update: "output"; readonly stream: "stdout" | "stderr"; readonly line: string }
  /** A warning of a Dockerfile check. */
  | { readonly update: "warning"; readonly text: string };

/** The step that broke the build. */
export interface FailedStep {
  readonly name: string;
  readonly error: string;
  /** The last lines that the step printed. */
  readonly lastLines: readonly string[];
}

/**
 * Reads `--progress=rawjson` line by line. Lines that are no progress (the frame of the Dockerfile and `ERROR: …` at the end)
 * are kept apart as plain lines.
 */
export interface BakeProgress {
  /** What the line adds; an empty list for repetitions. */
  push(line: string): readonly BakeUpdate[];
  /** The rest of unfinished output lines. */
  end(): readonly BakeUpdate[];
  /** The steps of the Dockerfiles (`[builder 2/5] RUN …`) in the order in which they started, without internal ones. */
  steps(): readonly TaskStep[];
  /** The first step that failed by itself, not because another one had failed. */
  failedStep(): FailedStep | undefined;
  /** Lines that are no progress. */
  plainLines(): readonly string[];
  warnings(): readonly string[];
  /** When it ran, by BuildKit's clock, and what of the contexts was sent; undefined while nothing has happened. */
  timing(): BuildTiming | undefined;
}

/** How long a build took and what it was sent. Milliseconds since 1970 by the engine's clock. */
export interface BuildTiming {
  readonly startedMs: number;
  readonly completedMs: number;
  readonly transferredBytes: number;
}

/** Lines kept of each step's output, for the evidence of a failure. */
const STEP_TAIL = 12;
const PLAIN_TAIL = 40;
/** `[stage 2/5] RUN …`, `[bake-target stage 2/5] COPY …`, but not `[internal] …`. */
const DOCKERFILE_STEP = /^\[[^\]]*\b\d+\/\d+\]/;

type Redact = (text: string) => string;

interface Vertex {
  readonly step: TaskStep;
  /** BuildKit announces steps before they start; those are no news for a reader. */
  readonly started: boolean;
  readonly error: string;
  readonly tail: LineTail;
  readonly splitters: Record<"stdout" | "stderr", LineSplitter>;
}

/**
 * A reader at the start of a stream. `redact` is applied to everything it tells: output arrives in base64, so secret values
 * cannot be found in the lines of the stream.
 */
export function createBakeProgress(redact: (text: string) => string = (text) => text): BakeProgress {
  const vertices = new Map<string, Vertex>();
  const plain = createLineTail(PLAIN_TAIL);
  const warnings: string[] = [];
  const transferred = new Map<string, number>();
  const span = { startedMs: Infinity, completedMs: -Infinity };
  return {
    push: (line) => {
      const value = line.startsWith("{") ? parseJson(line) : undefined;
      if (!isRecord(value)) {
        plain.push(line);
        return [];
      }
      for (const entry of listAt(value, "vertexes")) widen(span, entry);
      for (const entry of listAt(value, "statuses")) noteTransfer(transferred, entry);
      return [
        ...listAt(value, "vertexes").flatMap((entry) => updateVertex(vertices, entry, redact)),
        ...listAt(value, "logs").flatMap((entry) => readLog(vertices, entry, redact)),
        ...listAt(value, "warnings").flatMap((entry) => readWarning(warnings, entry)),
      ];
    },
    end: () => [...vertices.values()].flatMap((vertex) => endVertex(vertex, redact)),
    steps: () => [...vertices.values()].map((vertex) => vertex.step).filter((step) => DOCKERFILE_STEP.test(step.name)),
    failedStep: () => {
      const failed = [...vertices.values()].filter((vertex) => vertex.error !== "");
      const first = failed.find((vertex) => !/context canceled|\bcanceled\b/i.test(vertex.error)) ?? failed[0];
      return first === undefined
        ? undefined
        : { name: first.step.name, error: first.error, lastLines: first.tail.lines };
    },
    plainLines: () => plain.lines,
    warnings: () => warnings,
    timing: () => {
      const transferredBytes = [...transferred.values()].reduce((sum, bytes) => sum + bytes, 0);
      return span.completedMs >= span.startedMs ? { ...span, transferredBytes } : undefined;
    },
  };
}

function updateVertex(vertices: Map<string, Vertex>, entry: unknown, redact: Redact): readonly BakeUpdate[] {
  const id = textAt(entry, "digest");
  if (id === "") return [];
  const step = readStep(id, entry, redact);
  const started = textAt(entry, "started") !== "" || flagAt(entry, "cached");
  const error = redact(textAt(entry, "error"));
  const known = vertices.get(id);
  if (known === undefined) {
    vertices.set(id, {
      step,
      started,
      error,
      tail: createLineTail(STEP_TAIL),
      splitters: { stdout: createLineSplitter(), stderr: createLineSplitter() },
    });
    return started ? [{ update: "step", step }] : [];
  }
  // BuildKit repeats finished steps when another target of the same call needs them; a step never becomes running again.
  if (!started || (known.step.state !== "running" && step.state === "running")) return [];
  const isNews = !known.started || known.step.state !== step.state;
  // All steps are announced, last one first, before any starts: the map is to keep the order of the starts.
  if (!known.started) vertices.delete(id);
  vertices.set(id, { ...known, step, started, error });
  return isNews ? [{ update: "step", step }] : [];
}

function widen(span: { startedMs: number; completedMs: number }, vertex: unknown): void {
  const startedMs = Date.parse(textAt(vertex, "started"));
  const completedMs = Date.parse(textAt(vertex, "completed"));
  if (startedMs < span.startedMs) span.startedMs = startedMs;
  if (completedMs > span.completedMs) span.completedMs = completedMs;
}

/** `transferring context:` and the like, with the bytes so far. */
function noteTransfer(transferred: Map<string, number>, status: unknown): void {
  const id = textAt(status, "id");
  if (!id.startsWith("transferring ")) return;
  const key = `${textAt(status, "vertex")} ${id}`;
  transferred.set(key, Math.max(transferred.get(key) ?? 0, numberAt(status, "current")));
}

function readStep(id: string, entry: unknown, redact: Redact): TaskStep {
  const name = redact(textAt(entry, "name"));
  const startedMs = Date.parse(textAt(entry, "started"));
  const completedMs = Date.parse(textAt(entry, "completed"));
  if (textAt(entry, "error") !== "") return { id, name, state: "failed", ...duration(startedMs, completedMs) };
  if (flagAt(entry, "cached")) return { id, name, state: "cached" };
  if (Number.isNaN(completedMs)) return { id, name, state: "running" };
  return { id, name, state: "done", ...duration(startedMs, completedMs) };
}

function duration(startedMs: number, completedMs: number): { readonly durationMs?: number } {
  const durationMs = completedMs - startedMs;
  return Number.isFinite(durationMs) ? { durationMs: Math.max(0, durationMs) } : {};
}

function readLog(vertices: Map<string, Vertex>, entry: unknown, redact: Redact): readonly BakeUpdate[] {
  const vertex = vertices.get(textAt(entry, "vertex"));
  if (vertex === undefined) return [];
  const stream = numberAt(entry, "stream") === 2 ? "stderr" : "stdout";
  const lines = vertex.splitters[stream].push(Buffer.from(textAt(entry, "data"), "base64"));
  return emit(vertex, stream, lines.map(redact));
}

function endVertex(vertex: Vertex, redact: Redact): readonly BakeUpdate[] {
  return [
    ...emit(vertex, "stdout", vertex.splitters.stdout.end().map(redact)),
    ...emit(vertex, "stderr", vertex.splitters.stderr.end().map(redact)),
  ];
}

function emit(vertex: Vertex, stream: "stdout" | "stderr", lines: readonly string[]): readonly BakeUpdate[] {
  for (const line of lines) vertex.tail.push(line);
  return lines.map((line) => ({ update: "output", stream, line }));
}

function readWarning(warnings: string[], entry: unknown): readonly BakeUpdate[] {
  const text = Buffer.from(textAt(entry, "short"), "base64").toString("utf8").trim();
  if (text === "" || warnings.includes(text)) return [];
  warnings.push(text);
  return [{ update: "warning", text }];
}
