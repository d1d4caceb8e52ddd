import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { describeUpload, PIECES_TAKE_MS, renderPage, renderPieces } from "./answer-text.ts";

/** Who answers. */
export interface Identity {
  readonly service: string;
  readonly release: string;
  readonly colour: string;
}

/** Answers a request of the load client; 404 for any other. */
export async function answer(identity: Identity, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { service, release, colour } = identity;
  const url = new URL(request.url ?? "/", "http://localhost");
  const number = url.searchParams.get("n") ?? "none";
  switch (`${request.method ?? "GET"} ${url.pathname}`) {
    case "GET /":
      return end(response, renderPage(service, release, colour, number));
    case "GET /slow":
      await delay(Number(url.searchParams.get("ms") ?? "1000"));
      return end(response, renderPage(service, release, colour, number));
    case "GET /chunks":
      return await sendPieces(response, renderPieces(release, colour, number));
    case "POST /api/echo":
      return end(response, await buffer(request));
    case "POST /api/upload":
      return end(response, describeUpload(await buffer(request)));
    case "GET /api/release":
      return end(response, renderPage(service, release, colour, number));
    default:
      response.statusCode = 404;
      return end(response, "there is nothing here\n");
  }
}

/** Ends an answer with its length, so that a client knows whether it got all. */
export function end(response: ServerResponse, body: string | Buffer): void {
  response.setHeader("content-length", Buffer.byteLength(body));
  response.end(body);
}

async function sendPieces(response: ServerResponse, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    response.write(piece);
    await delay(PIECES_TAKE_MS / pieces.length);
  }
  response.end();
}
