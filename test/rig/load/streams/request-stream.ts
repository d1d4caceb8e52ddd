import type { Outcome } from "../exchange.ts";
import type { LoadTarget } from "../load-target.ts";

/** A kind of request. */
export interface RequestStream {
  /** Sends the request of this number and always resolves. */
  send(number: number): Promise<Outcome>;
  /** How long the request of this number takes by what it asks for. */
  asksForMs(number: number): number;
}

/** Makes a stream that sends to the target. */
export type OpenStream = (target: LoadTarget) => RequestStream;
