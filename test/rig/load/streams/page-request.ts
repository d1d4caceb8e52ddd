import type { Agent } from "node:http";
import { exchange } from "../exchange.ts";
import type { Outcome } from "../exchange.ts";
import { readAnyPage, readPage } from "../load-target.ts";
import type { LoadTarget } from "../load-target.ts";

/** Asks for the page of the target and checks it. */
export async function requestPage(target: LoadTarget, number: number, agent: Agent | false): Promise<Outcome> {
  const { page, timeoutMs } = target;
  if (page === undefined) {
    return await exchange(new URL(target.url), {
      agent,
      method: "GET",
      path: `/?n=${number}`,
      timeoutMs,
      read: (identity, body) => readPage(identity, body.toString(), "web", String(number)),
    });
  }
  return await exchange(new URL(target.url), {
    agent,
    method: "GET",
    path: page.path,
    headers: page.host === undefined ? {} : { host: page.host },
    timeoutMs,
    read: (identity, body) => ({ ...identity, ...readAnyPage(page, body.toString()) }),
  });
}
