import type { ClientRequest } from "node:http";
import { describeUpload } from "../app/server/answer-text.ts";
import { exchange } from "../exchange.ts";
import type { OpenStream } from "./request-stream.ts";

const PIECES = 10;
const PIECE_EVERY_MS = 100;
const PIECE_BYTES = 4_096;

/** Bodies that take a second to send, in pieces; the answer tells the digest of what arrived. */
export const openUpload: OpenStream = (target) => {
  const url = new URL(target.url);
  return {
    asksForMs: () => (PIECES - 1) * PIECE_EVERY_MS,
    send: async (number) => {
      const piece = Buffer.alloc(PIECE_BYTES, `upload ${number}\n`);
      const right = describeUpload(Buffer.concat(Array.from({ length: PIECES }, () => piece)));
      return await exchange(url, {
        agent: false,
        method: "POST",
        path: `/api/upload?n=${number}`,
        headers: { "content-type": "application/octet-stream", "transfer-encoding": "chunked" },
        timeoutMs: target.timeoutMs + PIECES * PIECE_EVERY_MS,
        send: (request, signal) => sendSlowly(request, piece, signal),
        read: (identity, body) =>
          body.toString() === right ? identity : { ...identity, problem: body.toString().slice(0, 80) },
      });
    },
  };
};

/** Ends the request after the last piece, or leaves it when the exchange is over before: then the connection is closed. */
function sendSlowly(request: ClientRequest, piece: Buffer, signal: AbortSignal): void {
  let left = PIECES;
  const sendPiece = (): void => {
    left -= 1;
    if (left === 0) {
      clearInterval(timer);
      request.end(piece);
    } else request.write(piece);
  };
  const timer = setInterval(sendPiece, PIECE_EVERY_MS);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  sendPiece();
}
