import type { ClientRequest, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** A request to the engine; the path carries no API version. */
export interface EngineRequest {
  readonly method: "GET" | "POST" | "DELETE" | "HEAD";
  readonly path: string;
  /** A list is a parameter that is given several times. */
  readonly query?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly signal?: AbortSignal | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, while it arrives. */
  readonly stream?: NodeJS.ReadableStream;
  /** Limit until the answer starts; none by default, because disk usage may take minutes on a busy engine. */
  readonly timeoutMs?: number;
}

/** A complete answer with a status below 400. */
export interface EngineAnswer {
  readonly status: number;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A connection that belongs to whoever asked for it. */
export interface TakenConnection {
  readonly stream: Duplex;
  /** Bytes that came with the answer. */
  readonly head: Uint8Array;
}

/** Sends the request and waits for the head of the answer; rejects when the connection breaks or the signal aborts. */
export async function awaitAnswer(exchange: ClientRequest, request: EngineRequest): Promise<IncomingMessage> {
  const answer = Promise.withResolvers<IncomingMessage>();
  const abort = (): void => {
    exchange.destroy(new Error("cancelled"));
  };
  const timer =
    request.timeoutMs === undefined
      ? undefined
      : setTimeout(
          () => exchange.destroy(new Error(`no answer within ${request.timeoutMs ?? 0} ms`)),
          request.timeoutMs,
        );
  exchange.once("response", answer.resolve);
  // Stays attached: an error after the answer would otherwise be thrown as uncaught.
  exchange.on("error", answer.reject);
  request.signal?.addEventListener("abort", abort, { once: true });
  if (request.signal?.aborted === true) abort();
  // An error of the stream ends the exchange, whose answer then never comes.
  if (request.stream !== undefined)
    process.getBuiltinModule("node:stream").pipeline(request.stream, exchange, () => {});
  else exchange.end(request.body === undefined ? undefined : JSON.stringify(request.body));
  try {
    const message = await answer.promise;
    message.once("close", () => request.signal?.removeEventListener("abort", abort));
    return message;
  } catch (error) {
    request.signal?.removeEventListener("abort", abort);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Sends a request after which the connection is the caller's; rejects also where the engine gives an answer instead. */
export async function awaitUpgrade(exchange: ClientRequest, { signal, body }: EngineRequest): Promise<TakenConnection> {
  const taken = Promise.withResolvers<TakenConnection>();
  const abort = (): void => {
    exchange.destroy(new Error("cancelled"));
  };
  exchange.once("upgrade", (_answer, stream, head) => taken.resolve({ stream, head }));
  exchange.once("response", ({ statusCode }) => {
    exchange.destroy(new Error(`it answered ${statusCode ?? "nothing"} and keeps the connection to itself`));
  });
  exchange.on("error", taken.reject);
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted === true) abort();
  exchange.end(JSON.stringify(body));
  try {
    return await taken.promise;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/** The rest of an answer; rejects when the connection breaks. */
export async function readAnswer(message: IncomingMessage): Promise<EngineAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk)));
  return { status: message.statusCode ?? 0, body: Buffer.concat(chunks), headers: message.headers };
}
