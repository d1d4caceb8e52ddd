import type { CleanupPolicies, CleanupPolicy, Environment } from "./build-config.ts";
import type { CleanupPlan } from "./cleanup.ts";
import type { Condition } from "./condition.ts";
import type { RetryClass } from "./failure.ts";
import type { SourceLocation } from "./location.ts";
import type { DeploySettings } from "./release.ts";
import type { Template } from "./template.ts";

/** A pipeline compiled for at most one environment: includes merged, defaults applied, constants interpolated. */
export interface Pipeline {
  /** As written: `deploy`. */
  readonly name: string;
  /** As run: `deploy-blue`, or the name where there are no environments. */
  readonly variant: string;
  readonly description?: string;
  readonly environment?: Environment;
  readonly concurrency: Concurrency;
  /** In the order of the file, included tasks at the place of their include. */
  readonly tasks: readonly PipelineTask[];
  readonly location: SourceLocation;
}

/** Limits on what runs at once. */
export interface Concurrency {
  readonly tasks: number;
  /** Capacity of each named pool. A task takes its weight from every pool that it names. */
  readonly pools: Readonly<Record<string, number>>;
}

/** What all kinds of task have in common. */
export interface TaskSettings {
  readonly needs: readonly Need[];
  readonly condition: Condition;
  readonly continueOnError: boolean;
  /** Per attempt. */
  readonly timeoutMs: number;
  readonly retry: Retry;
  /** Weight taken from each pool; always names only declared pools. */
  readonly pools: Readonly<Record<string, number>>;
  readonly resources: Resources;
}

/** One entry of `needs`, or the edge of a `${tasks.…}` reference. */
export interface Need {
  readonly task: string;
  readonly location: SourceLocation;
}

/** When and how often an attempt is repeated. */
export interface Retry {
  /** Attempts after the first. */
  readonly max: number;
  readonly on: readonly RetryClass[];
  /** Wait before the second attempt; doubles each time. */
  readonly backoffMs: number;
}

/** What a task is expected to take; absent means unknown. */
export interface Resources {
  readonly memoryBytes?: number;
  readonly cpus?: number;
  readonly diskBytes?: number;
}

/** A task as a pipeline defines it, before build tasks are expanded into their bake targets. */
export type PipelineTask = TaskSettings & {
  /** Unique in the pipeline; included tasks carry their prefix: `database/migrate`. */
  readonly name: string;
  readonly description?: string;
  readonly location: SourceLocation;
  /** The first place that uses `${environment.…}`; a shared task must have none. */
  readonly usesEnvironment?: SourceLocation;
} & TaskWork;

/** What a task does, by kind. */
export type TaskWork =
  | { readonly kind: "clean"; readonly clean: CleanSpec }
  | { readonly kind: "build"; readonly build: BuildSpec }
  | { readonly kind: "verify"; readonly checks: readonly Check[] }
  | { readonly kind: "deploy"; readonly deploy: DeploySpec }
  | { readonly kind: "run"; readonly run: RunSpec };

/** `clean`, `build`, `verify`, `deploy` or `run`. */
export type TaskKind = TaskWork["kind"];

/** All kinds in the order in which documentation lists them. */
export const TASK_KINDS = ["clean", "build", "verify", "deploy", "run"] as const satisfies readonly TaskKind[];

/** A named policy, what the task overrides of it, and what it is about. */
export interface CleanSpec extends Partial<CleanupPolicy> {
  readonly policy: keyof CleanupPolicies;
  /** Images that are not ours as well; only after somebody has confirmed the list. */
  readonly allImages?: boolean;
  /** Volumes that no container mounts as well; only after somebody has confirmed the list. */
  readonly volumes?: boolean;
  /** Exactly this, made earlier, instead of a plan of now. */
  readonly planned?: CleanupPlan;
}

/** One or more bake targets and how bake is called for them. */
export interface BuildSpec {
  /** Bake targets or groups, as written. */
  readonly targets: readonly { readonly name: string; readonly location: SourceLocation }[];
  readonly bake: BakeCall;
}

/** Everything that decides how bake resolves and builds a target, besides the target's name. */
export interface BakeCall {
  /** Empty means bake's own look-up. */
  readonly files: readonly string[];
  /** Bake variables, passed in the environment of bake. */
  readonly variables: Readonly<Record<string, string>>;
  readonly args: Readonly<Record<string, string>>;
  readonly contexts: Readonly<Record<string, string>>;
  readonly secrets: readonly BuildSecret[];
  readonly network?: string;
  /** Granted entitlements, such as `network.host` or `fs.read=../shared`. */
  readonly allow: readonly string[];
  readonly noCache: boolean;
  readonly pull: boolean;
  readonly builder?: string;
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
}

/** Bake called as `docker buildx bake` alone does. */
export const PLAIN_BAKE_CALL: BakeCall = {
  files: [],
  variables: {},
  args: {},
  contexts: {},
  secrets: [],
  allow: [],
  noCache: false,
  pull: false,
  cacheFrom: [],
  cacheTo: [],
};

/** A secret of a build: never its value, only where the value is. */
export interface BuildSecret {
  readonly id: string;
  readonly source:
    | { readonly from: "file"; readonly path: string }
    | { readonly from: "environment"; readonly name: string };
}

/** One check of a verify task. */
export type Check =
  /** Image sizes against their limits. No services named means all that are built upstream, else all configured. */
  | { readonly check: "size"; readonly services: readonly string[]; readonly limitBytes?: number }
  /** An HTTP request, repeated until it answers as expected or the time is over. */
  | {
      readonly check: "http";
      readonly url: Template;
      readonly status: number;
      /** Text that the body must contain. */
      readonly contains?: string;
      /** How long to keep trying. */
      readonly withinMs: number;
      /** Limit of a single request. */
      readonly requestTimeoutMs: number;
    };

/** A compose project to put in place for the environment. */
export interface DeploySpec {
  /** Compose files; empty means those of the environment in docker/build-config.json. */
  readonly composeFiles: readonly string[];
  readonly readiness: Readiness;
  /** Those of docker/build-config.json with the task's overrides. */
  readonly settings: DeploySettings;
  /** Deploys images that no verify task has passed; the release records which. Only through a router is it asked for. */
  readonly allowUnverified?: boolean;
}

/** When a deployed container counts as ready. */
export interface Readiness {
  /** By our own clock; `docker compose up --wait-timeout` is not reliable. */
  readonly timeoutMs: number;
  /** How long a container without a health check must run without a restart. */
  readonly minReadyMs: number;
}

/** A command. An argument list is executed as it is; a string form runs `sh -c`, with values only as environment variables. */
export interface RunSpec {
  readonly command:
    | { readonly form: "arguments"; readonly arguments: readonly Template[] }
    | { readonly form: "shell"; readonly script: string };
  readonly environment: Readonly<Record<string, Template>>;
  /** Relative to the project directory. */
  readonly workingDirectory: string;
}
