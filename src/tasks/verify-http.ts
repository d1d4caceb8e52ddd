import { setTimeout as delay } from "node:timers/promises";
import type { TaskContext } from "../model/performer.ts";
import type { Check } from "../model/pipeline.ts";
import type { CheckResult } from "./check-result.ts";
import { fillTemplate } from "./template-filling.ts";

type HttpCheck = Extract<Check, { readonly check: "http" }>;

/** Between two requests; short, because what is waited for is usually a second away. */
const PAUSE_MS = 250;
/** How much of a body is searched for `contains`. */
const MAX_BODY_BYTES = 1_000_000;
/** How much of an unexpected body is quoted. */
const QUOTE_LENGTH = 80;

/** What one request saw. */
type Answer =
  | { readonly expected: true; readonly status: number; readonly durationMs: number }
  | { readonly expected: false; readonly actual: string; readonly timedOut: boolean };

/**
 * Requests the URL until it answers as expected or the time is over. Redirects are not followed: their status is what the
 * check is about. Uses `fetch`, which Node loads on first use; its connections are closed after each request, so that
 * no old one hides a new server and none keeps the process alive.
 */
export async function checkHttp(check: HttpCheck, context: TaskContext): Promise<CheckResult> {
  const url = fillTemplate(check.url, context);
  if (!url.ok) return { failure: url.failure, facts: [] };
  const deadlineMs = performance.now() + check.withinMs;
  let attempts = 0;
  let actual = "no answer";
  do {
    attempts += 1;
    const timeoutMs = Math.min(check.requestTimeoutMs, Math.max(1, deadlineMs - performance.now()));
    const answer = await request(url.value, check, timeoutMs, context.signal);
    context.signal.throwIfAborted();
    if (answer.expected) {
      const { status, durationMs } = answer;
      return { facts: [{ fact: "http-answered", url: url.value, status, durationMs }] };
    }
    // A last request that the deadline cut short says less than the one before it.
    if (attempts === 1 || !answer.timedOut || timeoutMs === check.requestTimeoutMs) actual = answer.actual;
    await delay(Math.min(PAUSE_MS, Math.max(0, deadlineMs - performance.now())), undefined, { signal: context.signal });
  } while (performance.now() < deadlineMs);
  const expected = describeExpectation(check);
  return { failure: { reason: "http-check-failed", url: url.value, expected, actual, attempts }, facts: [] };
}

async function request(url: string, check: HttpCheck, timeoutMs: number, signal: AbortSignal): Promise<Answer> {
  const startedMs = performance.now();
  const limited = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(timeoutMs))]);
  try {
    const response = await fetch(url, { redirect: "manual", signal: limited, headers: { connection: "close" } });
    const body = await readBody(response);
    const durationMs = performance.now() - startedMs;
    if (response.status !== check.status) {
      return { expected: false, actual: `status ${response.status}${quote(body)}`, timedOut: false };
    }
    if (check.contains !== undefined && !body.includes(check.contains)) {
      return { expected: false, actual: `status ${response.status} without the text${quote(body)}`, timedOut: false };
    }
    return { expected: true, status: response.status, durationMs };
  } catch (error) {
    const timedOut = error instanceof Error && error.name === "TimeoutError";
    return { expected: false, actual: describeError(error, timeoutMs), timedOut };
  }
}

/** The body as text, as far as it is worth searching. Always read or cancelled, so that the connection ends. */
async function readBody(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder();
  let text = "";
  let readBytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    readBytes += value.byteLength;
    text += decoder.decode(value, { stream: true });
    if (readBytes < MAX_BODY_BYTES) continue;
    await reader.cancel();
    return text;
  }
}

function describeExpectation({ status, contains }: HttpCheck): string {
  return `status ${status}${contains === undefined ? "" : ` with the text ${JSON.stringify(contains)}`}`;
}

function quote(body: string): string {
  const text = body.replaceAll(/\s+/g, " ").trim();
  if (text === "") return "";
  return `: ${text.length > QUOTE_LENGTH ? `${text.slice(0, QUOTE_LENGTH)}…` : text}`;
}

/** `fetch` says "fetch failed"; what happened is in its causes. */
function describeError(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no answer within ${Math.round(timeoutMs)} ms`;
  const cause: unknown = error.cause;
  if (cause instanceof AggregateError) return cause.errors.map((each) => describeError(each, timeoutMs)).join("; ");
  return cause instanceof Error ? describeError(cause, timeoutMs) : error.message;
}
