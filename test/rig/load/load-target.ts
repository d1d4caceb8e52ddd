import { renderPage } from "./app/server/answer-text.ts";

/** Where the requests go and how an answer is recognised. Plain data: it is sent to the load process. */
export interface LoadTarget {
  /** `http://address:port`, without a path. */
  readonly url: string;
  /** A request that takes longer than this, beyond what it asks for itself, has failed. */
  readonly timeoutMs: number;
  /** Set for a project that is not test/rig/load/app: its page is all that is asked for. */
  readonly page?: AnyPage;
}

/** A page of any application. */
export interface AnyPage {
  readonly path: string;
  /** Sent as the header `Host`. */
  readonly host?: string;
  /** Source of a regular expression that the right body matches; its groups `colour` and `release` say who answered. */
  readonly pattern: string;
  /** A page that takes its time: what is under way in a switch. Its text may say nothing of who answers. */
  readonly slow?: { readonly path: string; readonly takesMs: number; readonly pattern: string };
}

/** Who answered, as the answer says it, and what is wrong with the text; no `problem` means that it is the right one. */
export interface AnswerReading {
  readonly colour?: string;
  readonly release?: string;
  readonly problem?: string;
}

/** Reads a page of test/rig/load/app: it must name the colour and release of its headers, and be whole. */
export function readPage(
  identity: { readonly colour?: string; readonly release?: string },
  body: string,
  service: string,
  number: string,
): AnswerReading {
  const { colour, release } = identity;
  if (colour === undefined || release === undefined) return { ...identity, problem: "says no colour" };
  const right = renderPage(service, release, colour, number);
  return body === right ? identity : { ...identity, problem: excerpt(body) };
}

/** Reads the page of any application. */
export function readAnyPage(page: Pick<AnyPage, "pattern">, body: string): AnswerReading {
  const match = new RegExp(page.pattern).exec(body);
  if (match === null) return { problem: excerpt(body) };
  const colour = match.groups?.["colour"];
  const release = match.groups?.["release"];
  return { ...(colour === undefined ? {} : { colour }), ...(release === undefined ? {} : { release }) };
}

/** The begin of a text, for a failure's detail. */
export function excerpt(body: string): string {
  const line = body.split("\n", 1)[0] ?? "";
  return `"${line.slice(0, 80)}" (${body.length} characters)`;
}
