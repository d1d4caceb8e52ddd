import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** Fixed by RFC 6455. */
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const TEXT = 0x1;
const CLOSE = 0x8;
const GOING_AWAY = 1001;
/** The load client sends a few letters: longer frames would need more of the protocol. */
const LONGEST_PAYLOAD = 125;

/** Websockets as far as the load client needs them: short texts that are sent back, and an orderly end. */
export class EchoWebsockets {
  readonly #open = new Set<Duplex>();

  /** Answers the upgrade, greets, and echoes until one side ends it. */
  accept(request: IncomingMessage, socket: Duplex, greeting: string): void {
    const key = `${request.headers["sec-websocket-key"] ?? ""}${ACCEPT_GUID}`;
    socket.write(
      [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        `Sec-WebSocket-Accept: ${createHash("sha1").update(key).digest("base64")}`,
        "\r\n",
      ].join("\r\n"),
    );
    this.#open.add(socket);
    socket.write(renderFrame(TEXT, Buffer.from(greeting)));
    let pending = Buffer.alloc(0);
    socket.on("data", (piece: Buffer) => {
      pending = Buffer.concat([pending, piece]);
      for (let frame = parseFrame(pending); frame !== undefined; frame = parseFrame(pending)) {
        pending = pending.subarray(frame.sizeBytes);
        if (frame.opcode === TEXT) socket.write(renderFrame(TEXT, frame.payload));
        else if (frame.opcode === CLOSE) socket.end(renderFrame(CLOSE, frame.payload));
      }
    });
    socket.on("error", () => socket.destroy());
    socket.on("end", () => socket.end());
    socket.on("close", () => this.#open.delete(socket));
  }

  /** Tells all clients that the server goes away. */
  close(): void {
    const code = Buffer.alloc(2);
    code.writeUInt16BE(GOING_AWAY);
    for (const socket of this.#open) socket.end(renderFrame(CLOSE, code));
  }
}

interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
  /** With its header. */
  readonly sizeBytes: number;
}

/** The first frame of what a client sent; undefined while it is not complete. */
function parseFrame(bytes: Buffer): Frame | undefined {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  const length = second & 0x7f;
  const sizeBytes = 6 + length;
  if (length > LONGEST_PAYLOAD) throw new Error("a frame that the load client does not send");
  if (bytes.length < sizeBytes) return undefined;
  const mask = bytes.subarray(2, 6);
  const payload = bytes.subarray(6, sizeBytes).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return { opcode: first & 0x0f, payload: Buffer.from(payload), sizeBytes };
}

/** A whole, unmasked frame: servers do not mask. */
function renderFrame(opcode: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x80 | opcode, payload.length]), payload]);
}
