/** Classes of trouble that may pass by themselves; the only ones `retry.on` can name. */
export const RETRY_CLASSES = ["network", "registry", "no-space", "timed-out"] as const;

/** One of {@link RETRY_CLASSES}. */
export type RetryClass = (typeof RETRY_CLASSES)[number];

/**
 * Expected trouble while a task runs: a closed union, returned and recorded, never thrown across a task boundary.
 * Each carries its evidence; `report/explain-failure` turns it into headline, evidence and next step.
 */
export type Failure =
  /** A process ended with another code than 0. Success is never read from "stderr is empty". */
  | { readonly reason: "command-failed"; readonly evidence: CommandEvidence }
  /** The program does not exist or may not be executed. */
  | { readonly reason: "command-not-found"; readonly command: string }
  /** A step of the Dockerfile failed. */
  | {
      readonly reason: "build-failed";
      readonly bakeTarget: string;
      /** The failing step as BuildKit names it: `[builder 3/5] RUN npm ci`. */
      readonly step?: string;
      /** BuildKit's one-line error. */
      readonly error: string;
      readonly evidence: CommandEvidence;
    }
  /** A connection was refused, reset, or a name could not be resolved. */
  | { readonly reason: "network"; readonly error: string; readonly evidence: CommandEvidence }
  /** A registry answered with an error, or does not have the image. */
  | { readonly reason: "registry"; readonly error: string; readonly evidence: CommandEvidence }
  /** The engine's disk is full. */
  | { readonly reason: "no-space"; readonly error: string; readonly evidence: CommandEvidence }
  /** A build was not started: its need does not fit on the engine's disk, whatever was cleaned and waited for. */
  | {
      readonly reason: "no-room";
      readonly bakeTarget: string;
      readonly neededBytes: number;
      /** Where the need comes from, for people: `measured when it was last built`. */
      readonly basis: string;
      /** Free now, on the disk that holds the engine's data. */
      readonly freeBytes: number;
      /** Of these, what the clean-up policy keeps free. */
      readonly minFreeBytes: number;
      readonly totalBytes: number;
      /** What was tried, for people: `the aggressive clean-up freed 0 B`. */
      readonly tried: readonly string[];
    }
  /** An attempt took longer than the task's timeout. */
  | { readonly reason: "timed-out"; readonly timeoutMs: number; readonly lastLines: readonly string[] }
  /** The engine stopped answering. */
  | { readonly reason: "engine-unreachable"; readonly endpoint: string; readonly error: string }
  /** The engine answered a request with an error. */
  | { readonly reason: "engine-refused"; readonly request: string; readonly status: number; readonly error: string }
  /** The image of a service does not exist on the engine. */
  | { readonly reason: "image-missing"; readonly service: string; readonly reference: string }
  /** An image is larger than its limit. */
  | { readonly reason: "size-limit-exceeded"; readonly images: readonly OversizedImage[] }
  /** An HTTP probe never got the expected answer. */
  | {
      readonly reason: "http-check-failed";
      readonly url: string;
      readonly expected: string;
      /** What the last attempt saw: a status, a body that did not match, or a connection error. */
      readonly actual: string;
      readonly attempts: number;
    }
  /** A container of a deploy did not become ready in time, exited, or keeps restarting. */
  | {
      readonly reason: "not-ready";
      readonly project: string;
      readonly service: string;
      readonly container: string;
      /** What was seen, such as `exited with code 1`, `unhealthy`, `restarted 3 times`, `still starting after 60s`. */
      readonly state: string;
      /** The last lines of the container's own log. */
      readonly lastLines: readonly string[];
    }
  /** `docker compose` refused the files or could not start the project. */
  | { readonly reason: "compose-failed"; readonly project: string; readonly evidence: CommandEvidence }
  /** The router refused a call, or does not do what it was told. */
  | { readonly reason: "router-failed"; readonly call: string; readonly error: string }
  /** A release was observed to break its limits after the cutover; traffic went back. */
  | {
      readonly reason: "release-unhealthy";
      readonly colour: string;
      readonly breach: string;
      readonly lastLines: readonly string[];
    }
  /** A smoke test through the router's preview entrance failed; users never saw the release. */
  | {
      readonly reason: "smoke-failed";
      readonly colour: string;
      readonly request: string;
      readonly expected: string;
      readonly actual: string;
    }
  /** Somebody else deploys the same project. */
  | { readonly reason: "deploy-locked"; readonly project: string; readonly holder: string; readonly sinceMs: number }
  /** An image has no passing verify record, and no override was given. */
  | { readonly reason: "image-unverified"; readonly service: string; readonly imageId: string }
  /** The journal of deploys cannot be written or read; nothing was done that it does not know of. */
  | { readonly reason: "journal-failed"; readonly error: string }
  /** What was asked for cannot be done safely, or there is nothing to do it with; nothing was touched for it. */
  | { readonly reason: "release-refused"; readonly what: string; readonly because: string }
  /** A deploy to the colour that users are on would interrupt them. */
  | {
      readonly reason: "colour-live";
      readonly project: string;
      readonly colour: string;
      readonly idle: readonly string[];
    }
  /** A late reference has no value: its task did not run, or has no such output. */
  | { readonly reason: "reference-unresolved"; readonly reference: string };

/** What a failed command leaves for the reader. Secrets are redacted before it is made. */
export interface CommandEvidence {
  /** The command line as a user would type it. */
  readonly command: string;
  /** Exit code; absent when a signal ended the process. */
  readonly exitCode?: number;
  readonly signal?: string;
  /** The last lines of its output, at most 20. */
  readonly lastLines: readonly string[];
}

/** An image against its limit. */
export interface OversizedImage {
  readonly service: string;
  readonly reference: string;
  readonly sizeBytes: number;
  readonly limitBytes: number;
  /** Size of the service's previous image, where its allowed growth made the limit. */
  readonly previousBytes?: number;
}

/** Either the result of an effect or why it failed. */
export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/** The class under which a failure may be retried; undefined for what would fail again. */
export function retryClass(failure: Failure): RetryClass | undefined {
  switch (failure.reason) {
    case "network":
    case "registry":
    case "no-space":
    case "timed-out":
      return failure.reason;
    default:
      return undefined;
  }
}
