import type { Colour } from "./router.ts";

/**
 * A deploy with a router, phase by phase. Before each phase its intent is recorded, after it the fact; both durably. Whatever
 * is killed in between, the next command reads the last record, looks at the router and the containers, and either goes on
 * or goes back; exactly one colour is live at every moment.
 *
 *     prepare ─► start ─► gate ─► smoke ─► cutover ─► observe ─► drain ─► retire ─► done
 *        │         │        │       │          │          │
 *        └─────────┴────────┴───────┘          └──────────┴─► rolled-back   traffic goes back to the old colour
 *                  └─► aborted   the new colour is stopped, traffic was never touched
 *
 * | killed in | traffic | the next command |
 * |---|---|---|
 * | prepare, start, gate, smoke | old | repeats the phase, or aborts: the live colour was never touched |
 * | cutover | asks the router | gates the new colour again: healthy, then it finishes; else it sets the old one |
 * | observe, drain, retire | new | repeats what remains |
 */
export const DEPLOY_PHASES = ["prepare", "start", "gate", "smoke", "cutover", "observe", "drain", "retire"] as const;

/** One of {@link DEPLOY_PHASES}. */
export type DeployPhase = (typeof DEPLOY_PHASES)[number];

/** How a deploy ended. */
export type DeployEnd = "done" | "aborted" | "rolled-back";

/** One durable record of a deploy. */
export interface Transition {
  readonly deployId: string;
  /** Counts from 1 in the deploy. */
  readonly sequence: number;
  readonly atMs: number;
  readonly record: TransitionRecord;
}

/** What a transition says. */
export type TransitionRecord =
  | { readonly mark: "intent" | "fact"; readonly phase: DeployPhase }
  /** From here the deploy only goes back; recorded before the first step of it. */
  | { readonly mark: "turn"; readonly to: "abort" | "roll-back"; readonly because: string }
  | { readonly mark: "end"; readonly end: DeployEnd; readonly because?: string };

/** What one deploy puts in place. */
export interface Release {
  readonly deployId: string;
  readonly runId: string;
  readonly project: string;
  readonly colour: Colour;
  /** The colour that was live before; absent for the first deploy. */
  readonly replaces?: Colour;
  /** The earlier deploy whose kept containers go live again, as they are: a rollback or a switch. */
  readonly restores?: string;
  /** Compose files of the colour, as they were deployed; those of the environment when absent. */
  readonly composeFiles?: readonly string[];
  /** Image ID of each compose service. */
  readonly images: Readonly<Record<string, string>>;
  /** Digest of everything that decides what the containers become; the label `dev.orchestrate.fingerprint`. */
  readonly fingerprint: string;
  readonly startedAtMs: number;
  /** Images that went out without a passing verify record, by explicit override. */
  readonly unverified: readonly string[];
}

/** How a deploy replaces what runs. */
export const DEPLOY_STRATEGIES = ["blue-green", "canary", "recreate"] as const;

/** One of {@link DEPLOY_STRATEGIES}. */
export type DeployStrategy = (typeof DEPLOY_STRATEGIES)[number];

/** `deploy` of docker/build-config.json with the overrides of a deploy task, resolved. */
export interface DeploySettings {
  /** `blue-green` where there is a router, else `recreate`. */
  readonly strategy: DeployStrategy;
  readonly smoke: readonly SmokeCheck[];
  readonly observe: ObserveLimits;
  readonly drain: { readonly timeoutMs: number; readonly websocketMs: number };
  /** What becomes of the old colour: `running` rolls back at once, `stopped` once its containers are ready again. */
  readonly keepOld: "stopped" | "running" | "removed";
  /** Steps of a canary, in percent; the last is 100. */
  readonly canary: readonly number[];
}

/** A request through the router's preview entrance, before any user gets there. */
export interface SmokeCheck {
  readonly path: string;
  readonly host?: string;
  readonly status: number;
  readonly contains?: string;
}

/** What the new colour must keep to while it is observed; a breach switches back at once. */
export interface ObserveLimits {
  readonly forMs: number;
  /** Errors over requests, as a fraction; judged once there are {@link minRequests}. */
  readonly maxErrorRate: number;
  readonly minRequests: number;
  readonly maxMeanLatencyMs?: number;
}

/** Where nothing is written; the strategy is that of a project with a router. */
export const DEFAULT_DEPLOY_SETTINGS: DeploySettings = {
  strategy: "blue-green",
  smoke: [],
  observe: { forMs: 30_000, maxErrorRate: 0.01, minRequests: 20 },
  drain: { timeoutMs: 30_000, websocketMs: 10_000 },
  keepOld: "stopped",
  canary: [5, 25, 100],
};

/** The settings for an environment: one that no router switches to can only be recreated in place. */
export function settingsOfEnvironment(
  settings: DeploySettings,
  environment: string | undefined,
  colours: readonly Colour[] | undefined,
): DeploySettings {
  const coloured = environment !== undefined && colours?.includes(environment) === true;
  return coloured ? settings : { ...settings, strategy: "recreate" };
}
