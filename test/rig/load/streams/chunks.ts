import { PIECES_TAKE_MS, renderPieces } from "../app/server/answer-text.ts";
import { exchange } from "../exchange.ts";
import { excerpt } from "../load-target.ts";
import type { OpenStream } from "./request-stream.ts";

/** Answers that come in pieces for a second: one that is cut has begun with a 200. */
export const openChunks: OpenStream = (target) => {
  const url = new URL(target.url);
  return {
    asksForMs: () => PIECES_TAKE_MS,
    send: async (number) =>
      await exchange(url, {
        agent: false,
        method: "GET",
        path: `/chunks?n=${number}`,
        timeoutMs: target.timeoutMs + PIECES_TAKE_MS,
        read: (identity, body) => {
          const { colour, release } = identity;
          if (colour === undefined || release === undefined) return { ...identity, problem: "says no colour" };
          const right = renderPieces(release, colour, String(number)).join("");
          return body.toString() === right ? identity : { ...identity, problem: excerpt(body.toString()) };
        },
      }),
  };
};
