import { createLineSplitter } from "./output-lines.ts";

/**
 * Lines of a container's log as the engine sends it. Without a terminal each piece has a header of 8 bytes: stream (1 stdout,
 * 2 stderr), three zeros, length (big endian); with a terminal the bytes are raw. A torn last frame is taken as far as it goes.
 */
export function parseLogFrames(body: Uint8Array): readonly string[] {
  if (!isFramed(body)) {
    const splitter = createLineSplitter();
    return [...splitter.push(body), ...splitter.end()];
  }
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const splitters = { 1: createLineSplitter(), 2: createLineSplitter() };
  const lines: string[] = [];
  let offset = 0;
  while (offset + 8 <= body.length) {
    const length = view.getUint32(offset + 4);
    const splitter = body[offset] === 2 ? splitters[2] : splitters[1];
    lines.push(...splitter.push(body.subarray(offset + 8, offset + 8 + length)));
    offset += 8 + length;
  }
  return [...lines, ...splitters[1].end(), ...splitters[2].end()];
}

/** The two streams of a framed answer, each as one text; a torn last frame is taken as far as it goes. */
export function parseStreams(body: Uint8Array): { readonly stdout: string; readonly stderr: string } {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const pieces: { readonly stdout: Uint8Array[]; readonly stderr: Uint8Array[] } = { stdout: [], stderr: [] };
  let offset = 0;
  while (offset + 8 <= body.length) {
    const end = offset + 8 + view.getUint32(offset + 4);
    pieces[body[offset] === 2 ? "stderr" : "stdout"].push(body.subarray(offset + 8, end));
    offset = end;
  }
  return {
    stdout: Buffer.concat(pieces.stdout).toString("utf8"),
    stderr: Buffer.concat(pieces.stderr).toString("utf8"),
  };
}

function isFramed(body: Uint8Array): boolean {
  const [stream, ...zeros] = body.subarray(0, 4);
  return stream !== undefined && stream <= 2 && zeros.length === 3 && zeros.every((byte) => byte === 0);
}
