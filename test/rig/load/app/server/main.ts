/**
 * A small server that the load client asks. Its environment says who it is (SERVICE, RELEASE, COLOUR), how it is broken (BREAKS,
 * else what was built in: RELEASE_BREAKS) and how it dies (DIE, else RELEASE_DIE: `at-once` or `graceful`).
 */
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { answer, end } from "./answer.ts";
import type { Identity } from "./answer.ts";
import { renderGreeting } from "./answer-text.ts";
import { BUSY_AFTER_REQUESTS, parseDefect } from "./defect.ts";
import { EchoWebsockets } from "./websocket.ts";

const PORT = 8080;
/** Longer than any client or router keeps an idle connection: it must not be this side that closes one just when it is used. */
const KEEP_ALIVE_MS = 120_000;

const variables = process.env;
const identity: Identity = {
  service: variables["SERVICE"] ?? "web",
  release: variables["RELEASE"] ?? "none",
  colour: variables["COLOUR"] ?? "none",
};
const told = variables["BREAKS"] || variables["RELEASE_BREAKS"] || "";
const defect = parseDefect(told);
const diesAtOnce = (variables["DIE"] || variables["RELEASE_DIE"]) === "at-once";
const websockets = new EchoWebsockets();
let requests = 0;
let stopping = false;

function say(text: string): void {
  process.stderr.write(`${identity.service}: ${text}\n`);
}

function crashAfter(delayMs: number): void {
  setTimeout(() => {
    say("crashed: invariant broken");
    process.exit(70);
  }, delayMs);
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader("x-colour", identity.colour);
  response.setHeader("x-release", identity.release);
  if (stopping) response.setHeader("connection", "close");
  if (request.url === "/healthz") return end(response, "ok\n");
  requests += 1;
  switch (defect?.defect) {
    case "crash-busy":
      if (requests === BUSY_AFTER_REQUESTS) crashAfter(defect.afterMs);
      break;
    case "errors":
    case "errors-busy":
      if (defect.defect === "errors-busy" && requests < BUSY_AFTER_REQUESTS) break;
      if ((requests * defect.percent) % 100 < defect.percent) {
        response.statusCode = 500;
        return end(response, "this release is broken\n");
      }
      break;
    case "slow":
      await delay(defect.delayMs);
      break;
    case "wrong-page":
      return end(response, "welcome to the default page\n");
    default:
  }
  await answer(identity, request, response);
}

const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
  handle(request, response).catch((error: unknown) => {
    say(String(error));
    response.destroy();
  });
});
server.on("upgrade", (request, socket) => {
  websockets.accept(request, socket, renderGreeting(identity.release, identity.colour));
});

/** Finishes what is under way and ends with 0; idle connections are closed, the others with their answer. */
function stop(signal: string): void {
  if (stopping) return;
  say(`${signal}: ${diesAtOnce ? "dies at once" : "finishes what is under way"}`);
  if (diesAtOnce) process.exit(143);
  stopping = true;
  websockets.close();
  server.close(() => process.exit(0));
  server.closeIdleConnections();
}
process.on("SIGTERM", stop);
process.on("SIGINT", stop);

say(`release ${identity.release} starts in ${identity.colour}${told === "" ? "" : `, broken: ${told}`}`);
if (defect === undefined) {
  say(`does not know how to be broken like this: ${told}`);
  process.exit(64);
} else if (defect.defect === "exit") {
  say("cannot start: a setting is missing");
  process.exit(3);
} else if (defect.defect === "never-ready") {
  say("waits for something that never comes");
  setInterval(() => {}, 60_000);
} else {
  if (defect.defect === "crash") crashAfter(defect.afterMs);
  server.listen(PORT, () => say("is ready"));
}
