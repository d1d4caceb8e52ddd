import { request } from "node:http";
import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import type { RequestFailure } from "./observation.ts";
import type { AnswerReading } from "./load-target.ts";

/** One request as a stream wants it. */
export interface Exchange {
  readonly agent: Agent | false;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** From now to the end of the answer. */
  readonly timeoutMs: number;
  /** Sends the body and ends the request; without it the request ends at once. Stops when the signal aborts. */
  readonly send?: (request: ClientRequest, signal: AbortSignal) => void;
  /** Looks at the whole body of a 200. */
  readonly read: (identity: Identity, body: Buffer) => AnswerReading;
}

/** What the headers of an answer say of who gave it. */
export interface Identity {
  readonly colour?: string;
  readonly release?: string;
}

/** What became of a request. */
export interface Outcome extends Identity {
  readonly failure?: RequestFailure;
}

const CONNECTION_LOST = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED"]);

/**
 * Sends one request, once, and always resolves. Whatever ends it also ends the connection, unless the answer is whole and the
 * request was sent to its end: a request that nobody ends would keep its socket for ever and look like a router that stalls.
 */
export function exchange(url: URL, asked: Exchange): Promise<Outcome> {
  return new Promise((resolve) => {
    const sending = new AbortController();
    const sent = request({
      host: url.hostname,
      port: url.port,
      agent: asked.agent,
      method: asked.method,
      path: asked.path,
      headers: asked.headers,
    });
    let settled = false;
    // Once an answer has begun it says by itself how it ends, later than the request does.
    let answered = false;
    let identity: Identity = {};
    const settle = (outcome: Outcome): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      sending.abort();
      if (outcome.failure !== undefined) sent.destroy();
      resolve(outcome);
    };
    const fail = (reason: RequestFailure["reason"], detail: string): void =>
      settle({ ...identity, failure: { reason, detail } });
    const timer = setTimeout(() => fail("timed-out", `no whole answer in ${asked.timeoutMs} ms`), asked.timeoutMs);
    sent.on("response", (answer) => {
      answered = true;
      identity = readIdentity(answer);
      receive(
        answer,
        (body) => settle(judge(sent, answer, identity, asked.read, body)),
        (detail) => fail("cut-short", detail),
      );
    });
    sent.on("error", (error: NodeJS.ErrnoException) => {
      if (answered) return;
      const code = error.code ?? error.message;
      const reused = sent.reusedSocket ? " on a kept connection" : "";
      if (code === "ECONNREFUSED") fail("refused", code);
      else fail(CONNECTION_LOST.has(code) ? "reset" : "other", `${code}${reused}`);
    });
    sent.on("close", () => {
      if (!answered) fail("other", "closed without a word");
    });
    if (asked.send === undefined) sent.end();
    else asked.send(sent, sending.signal);
  });
}

/** Calls one of the two, when all has arrived or nothing more will. */
function receive(answer: IncomingMessage, whole: (body: Buffer) => void, cut: (detail: string) => void): void {
  const pieces: Buffer[] = [];
  answer.on("data", (piece: Buffer) => pieces.push(piece));
  answer.on("end", () => {
    if (answer.complete) whole(Buffer.concat(pieces));
    else cut("ended before its end");
  });
  answer.on("error", (error: NodeJS.ErrnoException) => cut(error.code ?? error.message));
}

function judge(
  sent: ClientRequest,
  answer: IncomingMessage,
  identity: Identity,
  read: Exchange["read"],
  body: Buffer,
): Outcome {
  const status = answer.statusCode ?? 0;
  if (status !== 200) return { ...identity, failure: { reason: "bad-status", detail: String(status) } };
  if (!sent.writableEnded) {
    return { ...identity, failure: { reason: "early-answer", detail: "200 before the request was sent" } };
  }
  const { problem, ...reading } = read(identity, body);
  return problem === undefined ? reading : { ...reading, failure: { reason: "wrong-body", detail: problem } };
}

function readIdentity(answer: IncomingMessage): Identity {
  const colour = answer.headers["x-colour"];
  const release = answer.headers["x-release"];
  return {
    ...(typeof colour === "string" ? { colour } : {}),
    ...(typeof release === "string" ? { release } : {}),
  };
}
