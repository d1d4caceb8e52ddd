import { Agent } from "node:http";
import { requestPage } from "./page-request.ts";
import type { OpenStream } from "./request-stream.ts";

/** Pages over connections that stay open, as a browser or another service asks for them. One that breaks counts: nothing is sent twice. */
export const openKeepAlive: OpenStream = (target) => {
  const agent = new Agent({ keepAlive: true });
  return { send: async (number) => await requestPage(target, number, agent), asksForMs: () => 0 };
};
