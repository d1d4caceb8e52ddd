import type { Agent } from "node:http";
import { exchange } from "../exchange.ts";
import type { Outcome } from "../exchange.ts";
import { readAnyPage, readPage } from "../load-target.ts";
import type { AnyPage, LoadTarget } from "../load-target.ts";

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
  return await requestAnyPage(target, page, page, agent);
}

/** Asks for one of the pages of any application. */
export async function requestAnyPage(
  target: LoadTarget,
  { host }: AnyPage,
  { path, pattern }: { readonly path: string; readonly pattern: string },
  agent: Agent | false,
  takesMs = 0,
): Promise<Outcome> {
  return await exchange(new URL(target.url), {
    agent,
    method: "GET",
    path,
    headers: host === undefined ? {} : { host },
    timeoutMs: target.timeoutMs + takesMs,
    read: (identity, body) => ({ ...identity, ...readAnyPage({ pattern }, body.toString()) }),
  });
}
