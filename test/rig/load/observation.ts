/** The kinds of requests, in the order in which a report shows them. */
export const STREAM_NAMES = ["keep-alive", "new-connection", "post", "slow", "upload", "chunks"] as const;

/** One of {@link STREAM_NAMES}. Websockets are apart: they are connections, not requests. */
export type StreamName = (typeof STREAM_NAMES)[number];

/** Why an answer does not count. Anything but a complete 200 with the right body is a failure. */
export interface RequestFailure {
  readonly reason:
    | "bad-status"
    | "refused"
    /** The connection broke before the answer began, one that was kept alive included. */
    | "reset"
    /** The answer began and never became whole. */
    | "cut-short"
    | "timed-out"
    | "wrong-body"
    /** A whole answer to a request that was not sent completely. */
    | "early-answer"
    /** As many were under way as may be: whoever answers them has stalled. It was not sent, and a user would have waited. */
    | "not-sent"
    | "other";
  /** The status, the error's code or the begin of the wrong text. */
  readonly detail: string;
}

/** One request and what became of it. */
export interface Observation {
  readonly stream: StreamName;
  /** By the clock of `Date.now()`, so that a test can compare it with the moment of a switch. */
  readonly sentAtMs: number;
  readonly endedAtMs: number;
  /** How much later than its schedule the client sent it. */
  readonly lateMs: number;
  /** From the scheduled time to the end, less the time that the request itself asks for: a client that lags hides nothing. */
  readonly latencyMs: number;
  /** Who answered, as far as the answer says it. */
  readonly colour?: string;
  readonly release?: string;
  readonly failure?: RequestFailure;
}

/** What happened to a websocket. */
export interface WebsocketEvent {
  /** `refused`: an attempt to open it failed; it is tried again four times a second. */
  readonly event: "opened" | "dropped" | "refused";
  readonly atMs: number;
  /** Who answered it; absent when it was refused. */
  readonly colour?: string;
  readonly release?: string;
  /** Close code, or what else went wrong; empty for `opened`. */
  readonly detail: string;
}
