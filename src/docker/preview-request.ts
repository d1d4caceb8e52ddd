import type { IncomingMessage } from "node:http";
import { isLocalEngine } from "./endpoint.ts";
import type { EngineEndpoint } from "./endpoint.ts";

/** How much of a body is kept. */
const MAX_BODY_BYTES = 1_000_000;

/** Where an entrance answers: a port (of this machine where no host is named), or a socket that leads to one of another host. */
export type PreviewPlace = { readonly port: number; readonly host?: string } | { readonly socketPath: string };

/** A request to an entrance. */
export interface PreviewRequest {
  readonly place: PreviewPlace;
  readonly path: string;
  /** Name of the virtual host; `fetch` would not let us say another one than the address. */
  readonly host?: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** What came back, or why nothing did. */
export type PreviewAnswer =
  | { readonly answered: true; readonly status: number; readonly body: string }
  | { readonly answered: false; readonly error: string };

/** Where an engine's port of its own loopback answers from here; otherwise the reason why it does not. */
export async function findPreview(
  endpoint: EngineEndpoint,
  port: number,
): Promise<PreviewPlace | { readonly error: string }> {
  if (isLocalEngine(endpoint)) return { port };
  if (endpoint.forward === undefined) {
    return { error: `port ${port} of ${endpoint.url} answers on that host only; reach it by ssh instead` };
  }
  try {
    return { socketPath: await endpoint.forward(port) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** Requests a page on a connection of its own. Redirects are not followed. Never rejects. */
export async function requestPreview(request: PreviewRequest): Promise<PreviewAnswer> {
  const http = process.getBuiltinModule("node:http");
  const { place, path, host, timeoutMs, signal } = request;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const answer = Promise.withResolvers<IncomingMessage>();
    const exchange = http.request({
      ...("port" in place ? { host: "127.0.0.1" } : {}),
      ...place,
      path,
      agent: false,
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      headers: { connection: "close", ...(host === undefined ? {} : { host }) },
    });
    exchange.once("response", answer.resolve);
    exchange.on("error", answer.reject);
    exchange.end();
    const message = await answer.promise;
    return { answered: true, status: message.statusCode ?? 0, body: await readBody(message) };
  } catch (error) {
    if (timeout.aborted) return { answered: false, error: `no answer within ${timeoutMs} ms` };
    return { answered: false, error: error instanceof Error ? error.message : String(error) };
  }
}

async function readBody(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message) {
    const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    if (size < MAX_BODY_BYTES) chunks.push(buffer);
    size += buffer.length;
  }
  return Buffer.concat(chunks).toString("utf8");
}
