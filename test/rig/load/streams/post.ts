import { Agent } from "node:http";
import { exchange } from "../exchange.ts";
import type { OpenStream } from "./request-stream.ts";

/** Bodies of a few kilobytes that come back as they were sent. A router must not send one twice. */
export const openPost: OpenStream = (target) => {
  const url = new URL(target.url);
  const agent = new Agent({ keepAlive: true });
  return {
    asksForMs: () => 0,
    send: async (number) => {
      const sent = Buffer.from(`post ${number};`.repeat(50 + (number % 200)));
      return await exchange(url, {
        agent,
        method: "POST",
        path: `/api/echo?n=${number}`,
        headers: { "content-type": "application/octet-stream", "content-length": String(sent.length) },
        timeoutMs: target.timeoutMs,
        send: (request) => request.end(sent),
        read: (identity, body) => {
          if (body.equals(sent)) return identity;
          return { ...identity, problem: `${body.length} of ${sent.length} bytes came back, or others` };
        },
      });
    },
  };
};
