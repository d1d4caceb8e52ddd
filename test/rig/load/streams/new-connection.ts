import { requestPage } from "./page-request.ts";
import type { OpenStream } from "./request-stream.ts";

/** Pages, each over a connection of its own. */
export const openNewConnection: OpenStream = (target) => ({
  // Without an agent Node sends `Connection: close` and opens a socket for this request alone.
  send: async (number) => await requestPage(target, number, false),
  asksForMs: () => 0,
});
