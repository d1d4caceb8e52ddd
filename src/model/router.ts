import type { Result } from "./failure.ts";

/** Name of an environment that a router can send traffic to: `blue`, `green`. */
export type Colour = string;

/** Where a router sends the traffic of the project. One value for all routed services, so that a switch is atomic. */
export type Traffic =
  /** Nothing is deployed, or the project is in maintenance: the router answers 503. */
  | { readonly to: "nowhere" }
  | {
      readonly to: "colour";
      readonly colour: Colour;
      /**
       * While a new colour is observed the other one stands by: a request that cannot be answered goes there. Never in
       * steady state, where a hiccup would show users a release that was not approved.
       */
      readonly standby: boolean;
    }
  /** `percent` of the requests go to `colour`, the rest to `rest`. */
  | { readonly to: "canary"; readonly colour: Colour; readonly rest: Colour; readonly percent: number };

/** A container of a routed service as the router sees it. */
export interface RoutedInstance {
  /** `ip:port` */
  readonly address: string;
  /** Whether its checks say that it answers. */
  readonly state: "up" | "down";
}

/** A port of a service of a colour as the router sees it. */
export interface RoutedBackend {
  readonly service: string;
  readonly colour: Colour;
  /** `up` when at least one instance is; `unresolved` when the name leads to none. */
  readonly state: "up" | "down" | "unresolved";
  /** By address. */
  readonly instances: readonly RoutedInstance[];
}

/** What a router says of itself. */
export interface RouterView {
  /** From its memory: the truth about traffic. */
  readonly traffic: Traffic;
  /** From its file: where it would send traffic after a restart. Undefined when the file is missing or unreadable. */
  readonly persisted: Traffic | undefined;
  readonly backends: readonly RoutedBackend[];
}

/** Counters of one colour since the router started; two readings make a rate. */
export interface TrafficCount {
  readonly requests: number;
  /** What users saw fail: answers of 500 and above, and answers that broke off. */
  readonly failed: number;
  /** Attempts that failed and were repeated, here or with who stands by: users noticed nothing if the last one was answered. */
  readonly retried: number;
  /** Requests under way, websockets apart. */
  readonly openRequests: number;
  readonly openWebsockets: number;
  /** How long answers took; only the difference of two readings says it of a release, see {@link AnswerTime}. */
  readonly answerTimes: readonly AnswerTime[];
}

/** How long the answers of one backend took since the router started, those of earlier releases included. */
export interface AnswerTime {
  readonly backend: string;
  readonly answers: number;
  /** Until the answer begins. */
  readonly meanMs: number;
  /** How much higher than the truth the mean may be told. */
  readonly roundedUpMs: number;
  /** Set where the mean slides: each answer moves it by one part in so many, and older ones fade. Otherwise it is of all answers. */
  readonly slidesOver?: number;
}

/**
 * A router in front of the colours. Every call is short and safe to repeat, and nothing but `direct` changes where traffic goes.
 * Failures: `engine-unreachable`, `engine-refused`, `router-failed`.
 */
export interface Router {
  readonly driver: "haproxy" | "nginx";
  observe(signal?: AbortSignal): Promise<Result<RouterView>>;
  /** First durably in the file, then in memory, then read back: once it resolves ok, no new request goes elsewhere. */
  direct(traffic: Traffic, signal?: AbortSignal): Promise<Result<void>>;
  /** Sends the preview entrance to a colour. Users never see it. */
  preview(colour: Colour, signal?: AbortSignal): Promise<Result<void>>;
  count(colour: Colour, signal?: AbortSignal): Promise<Result<TrafficCount>>;
  /** Ends the websockets of a colour, after their deadline. */
  closeWebsockets(colour: Colour, signal?: AbortSignal): Promise<Result<void>>;
}

/** `router` of docker/build-config.json, resolved. */
export interface RouterConfig {
  readonly driver: "haproxy" | "nginx";
  /** The environments that it switches between. */
  readonly colours: readonly Colour[];
  /** The entrance for users: a port of the engine's host, on all of its addresses. */
  readonly port: number;
  /** The entrance for smoke tests, on the loopback address of the engine's host. */
  readonly previewPort: number;
  readonly routes: readonly Route[];
  /** The user's own fragment: TLS, further frontends. Relative to the project directory. */
  readonly fragment?: string;
  /** What the fragment needs besides, such as certificates; each lies in the router as /etc/orchestrate/files/NAME. */
  readonly fragmentFiles: readonly string[];
  /** Ports that the fragment's frontends listen on, published as compose writes them: `443:8443`. */
  readonly fragmentPorts: readonly string[];
  readonly image: string;
}

/** A service that users reach through the router. The first route that fits a request wins. */
export interface Route {
  readonly service: string;
  /** Port in the container. */
  readonly port: number;
  /** Host names; empty means all. */
  readonly hosts: readonly string[];
  /** Path prefix; `/` means all. */
  readonly path: string;
  /** What the router asks to know whether it answers; a plain connection when absent. */
  readonly checkPath?: string;
}
