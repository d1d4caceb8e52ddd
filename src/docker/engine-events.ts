import type { EngineEvent } from "./engine-answers.ts";
import { parseEngineEvent } from "./engine-answers.ts";
import type { EngineConnection } from "./engine-connection.ts";
import { describeFailure, encodeFilters } from "./engine-query.ts";
import { parseJson } from "./json-value.ts";
import { createLineSplitter } from "./output-lines.ts";

/** Which events, from when on, until when. */
export interface EventOptions {
  readonly signal?: AbortSignal | undefined;
  readonly filters?: Readonly<Record<string, readonly string[]>>;
  readonly sinceMs?: number;
}

/**
 * What happens on the engine, as it happens, until the signal aborts. A connection that is lost, or was never made, is the
 * last event; nothing is thrown.
 */
export async function* watchEvents(
  connection: EngineConnection,
  { signal, filters, sinceMs }: EventOptions,
): AsyncGenerator<EngineEvent> {
  const query = {
    filters: encodeFilters(filters ?? {}),
    since: sinceMs === undefined ? undefined : String(sinceMs / 1_000),
  };
  const opened = await connection.open({ method: "GET", path: "/events", query, signal });
  if (!opened.ok) {
    if (signal?.aborted !== true) yield { type: "connection-lost", error: describeFailure(opened.failure) };
    return;
  }
  const splitter = createLineSplitter();
  try {
    for await (const chunk of opened.value) {
      for (const line of splitter.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk)))) {
        const event = parseEngineEvent(parseJson(line));
        if (event !== undefined) yield event;
      }
    }
    if (signal?.aborted !== true) yield { type: "connection-lost", error: "the engine ended the stream" };
  } catch (error) {
    if (signal?.aborted !== true) yield { type: "connection-lost", error: String(error) };
  } finally {
    opened.value.destroy();
  }
}
