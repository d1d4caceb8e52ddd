/**
 * The process that sends the load. It is started by load-client.ts with a {@link LoadOrder}, tells what it observes in batches,
 * and ends when it is told to, or when whoever started it is gone.
 */
import type { Outcome } from "./exchange.ts";
import { STOP } from "./load-message.ts";
import type { LoadMessage, LoadOrder } from "./load-message.ts";
import { STREAM_NAMES } from "./observation.ts";
import type { Observation, StreamName, WebsocketEvent } from "./observation.ts";
import { keepPace } from "./pace.ts";
import { openChunks } from "./streams/chunks.ts";
import { openKeepAlive } from "./streams/keep-alive.ts";
import { openNewConnection } from "./streams/new-connection.ts";
import { openPost } from "./streams/post.ts";
import type { OpenStream, RequestStream } from "./streams/request-stream.ts";
import { openSlow } from "./streams/slow.ts";
import { openUpload } from "./streams/upload.ts";
import { LastingWebsocket } from "./streams/websocket.ts";

const TELL_EVERY_MS = 100;
const OPEN: Readonly<Record<StreamName, OpenStream>> = {
  "keep-alive": openKeepAlive,
  "new-connection": openNewConnection,
  post: openPost,
  slow: openSlow,
  upload: openUpload,
  chunks: openChunks,
};

/** Nothing is left out silently: what is not sent counts as a request and as a failure. */
const REFUSED: Outcome = { failure: { reason: "not-sent", detail: "too many were under way" } };

const order: LoadOrder = JSON.parse(process.argv[2] ?? "");
const underWay = new Set<Promise<void>>();
let observations: Observation[] = [];
let events: WebsocketEvent[] = [];

function tell(message: LoadMessage): void {
  process.send?.(message);
}

function tellObserved(): void {
  if (observations.length + events.length === 0) return;
  tell({ message: "observed", observations, events });
  observations = [];
  events = [];
}

async function observe(name: StreamName, stream: RequestStream, number: number, dueMs: number): Promise<void> {
  const sentAtMs = Date.now();
  const lateMs = performance.now() - dueMs;
  const outcome = underWay.size < order.mostUnderWay ? await stream.send(number) : REFUSED;
  const latencyMs = performance.now() - dueMs - stream.asksForMs(number);
  observations.push({ stream: name, sentAtMs, endedAtMs: Date.now(), lateMs, latencyMs, ...outcome });
}

const websockets = Array.from({ length: order.websockets }, () => {
  return new LastingWebsocket(order.target.url, (event) => events.push(event));
});
const pace = keepPace(
  STREAM_NAMES.map((name) => {
    const stream = OPEN[name](order.target);
    return {
      perSecond: order.rates[name],
      happen: (number, dueMs) => {
        const request = observe(name, stream, number, dueMs).finally(() => underWay.delete(request));
        underWay.add(request);
      },
    };
  }),
);
const telling = setInterval(tellObserved, TELL_EVERY_MS);

async function stop(): Promise<void> {
  pace[Symbol.dispose]();
  for (const websocket of websockets) websocket[Symbol.dispose]();
  await Promise.all(underWay);
  clearInterval(telling);
  tellObserved();
  tell({ message: "ended" });
  process.disconnect();
}

process.once("message", (message) => {
  if (message === STOP) void stop();
});
// Kept connections and timers would hold the process: without somebody to tell there is nothing left to do.
process.once("disconnect", () => process.exit(0));
tell({ message: "started" });
