import type { WebsocketEvent } from "../observation.ts";

const PING_EVERY_MS = 1_000;
/** An answer to a ping that takes longer means a connection that is dead and does not say so. */
const SILENCE_LIMIT_MS = 5_000;
const REOPEN_AFTER_MS = 250;

/** Text of the first message of the application on a websocket. */
const GREETING = /^websocket of release (?<release>\S+) in (?<colour>\S+)$/;

/** Keeps one websocket open for ever, opening it again when it breaks. */
export class LastingWebsocket implements Disposable {
  readonly #url: string;
  readonly #tell: (event: WebsocketEvent) => void;
  #socket: WebSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closing = false;
  #colour: string | undefined;
  #release: string | undefined;

  constructor(url: string, tell: (event: WebsocketEvent) => void) {
    this.#url = `${url.replace(/^http/, "ws")}/ws`;
    this.#tell = tell;
    this.#open();
  }

  #open(): void {
    const socket = new WebSocket(this.#url);
    let heardAtMs = performance.now();
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      heardAtMs = performance.now();
      const greeting = typeof data === "string" ? GREETING.exec(data)?.groups : undefined;
      if (greeting === undefined) return;
      this.#colour = greeting["colour"];
      this.#release = greeting["release"];
      this.#report("opened", "");
    });
    // An error is always followed by a close, which says as much.
    socket.addEventListener("error", () => {});
    socket.addEventListener("close", ({ code }) => this.#lose(socket, `closed with ${code}`));
    clearInterval(this.#timer);
    this.#timer = setInterval(() => {
      if (performance.now() - heardAtMs > SILENCE_LIMIT_MS) this.#lose(socket, "silent");
      else if (socket.readyState === WebSocket.OPEN) socket.send("ping");
    }, PING_EVERY_MS);
  }

  #lose(socket: WebSocket, detail: string): void {
    if (this.#closing || this.#socket !== socket) return;
    this.#socket = undefined;
    clearInterval(this.#timer);
    socket.close();
    this.#report(this.#colour === undefined ? "refused" : "dropped", detail);
    this.#colour = undefined;
    this.#release = undefined;
    setTimeout(() => {
      if (!this.#closing) this.#open();
    }, REOPEN_AFTER_MS);
  }

  #report(event: WebsocketEvent["event"], detail: string): void {
    const colour = this.#colour;
    const release = this.#release;
    this.#tell({
      event,
      atMs: Date.now(),
      ...(colour === undefined ? {} : { colour }),
      ...(release === undefined ? {} : { release }),
      detail,
    });
  }

  [Symbol.dispose](): void {
    this.#closing = true;
    clearInterval(this.#timer);
    this.#socket?.close();
  }
}
