import { createHash } from "node:crypto";

/** Lines of each page but the first and the last: a page has a size, and a part of it is not a page. */
const PAGE_LINES = 20;
const PIECES = 10;

/** How long the pieces of a stream take together. */
export const PIECES_TAKE_MS = 1_000;

/** The page that answers request `number`. The load client expects exactly this text. */
export function renderPage(service: string, release: string, colour: string, number: string): string {
  const lines = Array.from({ length: PAGE_LINES }, (_, line) => `line ${line} of the answer to request ${number}\n`);
  return `page of ${service} release ${release} in environment ${colour}\n${lines.join("")}end of request ${number}\n`;
}

/** The pieces of stream `number`. */
export function renderPieces(release: string, colour: string, number: string): readonly string[] {
  return Array.from({ length: PIECES }, (_, index) => {
    return `piece ${index + 1} of ${PIECES} of stream ${number} from release ${release} in ${colour}\n`;
  });
}

/** The answer to an upload, when all of it arrived. */
export function describeUpload(body: Buffer): string {
  return `received ${body.length} bytes ${createHash("sha256").update(body).digest("hex")}\n`;
}

/** The first message on a websocket. */
export function renderGreeting(release: string, colour: string): string {
  return `websocket of release ${release} in ${colour}`;
}
