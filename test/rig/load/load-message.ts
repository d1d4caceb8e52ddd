import type { LoadRates } from "./load-rates.ts";
import type { LoadTarget } from "./load-target.ts";
import type { Observation, WebsocketEvent } from "./observation.ts";

/** What the load process is started with: its one argument, as JSON. */
export interface LoadOrder {
  readonly target: LoadTarget;
  readonly rates: LoadRates;
  readonly websockets: number;
  /** A request that is due while so many are under way is not sent, and has failed. */
  readonly mostUnderWay: number;
}

/** What the load process tells. */
export type LoadMessage =
  /** The first requests are on their way. */
  | { readonly message: "started" }
  /** A batch; sent ten times a second. */
  | {
      readonly message: "observed";
      readonly observations: readonly Observation[];
      readonly events: readonly WebsocketEvent[];
    }
  /** Everything that was under way has ended and was told. */
  | { readonly message: "ended" };

/** What the load process is told: send nothing more, wait for what is under way, and end. */
export const STOP = "stop";
