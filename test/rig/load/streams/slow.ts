import { Agent } from "node:http";
import { exchange } from "../exchange.ts";
import { readPage } from "../load-target.ts";
import { requestAnyPage } from "./page-request.ts";
import type { OpenStream } from "./request-stream.ts";

const LONGEST_MS = 2_000;
/** Prime, so that the waits of neighbours differ much and all of them occur. */
const STRIDE_MS = 773;

/** Pages that take from nothing to two seconds: they are under way in every switch. */
export const openSlow: OpenStream = (target) => {
  const url = new URL(target.url);
  const agent = new Agent({ keepAlive: true });
  const { page } = target;
  if (page !== undefined) {
    const { slow = { path: page.path, pattern: page.pattern, takesMs: 0 } } = page;
    return {
      asksForMs: () => slow.takesMs,
      send: async () => await requestAnyPage(target, page, slow, agent, slow.takesMs),
    };
  }
  const asksForMs = (number: number): number => (number * STRIDE_MS) % LONGEST_MS;
  return {
    asksForMs,
    send: async (number) =>
      await exchange(url, {
        agent,
        method: "GET",
        path: `/slow?n=${number}&ms=${asksForMs(number)}`,
        timeoutMs: target.timeoutMs + asksForMs(number),
        read: (identity, body) => readPage(identity, body.toString(), "web", String(number)),
      }),
  };
};
