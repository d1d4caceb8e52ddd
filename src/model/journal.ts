import type { Result } from "./failure.ts";
import type { Colour } from "./router.ts";
import type { DeployEnd, Release, Transition, TransitionRecord } from "./release.ts";

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly processId: number;
  /** When it started, in the kernel's own ticks since boot; "" where the system does not tell. */
  readonly startTime: string;
}

/** A process that a deploy started and that would outlive it. */
export type DeployChild = ProcessIdentity & {
  readonly deployId: string;
  /** The process group that is ended with it. */
  readonly groupId: number;
  /** For people: `docker compose up` of shop-green. */
  readonly what: string;
};

/** Who deploys: written into both locks, so that others can name the holder and find out whether it still lives. */
export type LockOwner = ProcessIdentity & {
  readonly deployId: string;
  readonly host: string;
  readonly user: string;
  /** Identity of the running system; after a reboot it is another one. "" where unknown. */
  readonly bootId: string;
  /** Process numbers mean something only within one; "" where unknown. */
  readonly processNamespace: string;
  readonly sinceMs: number;
};

/** A release with what became of it. */
export interface ReleaseRecord {
  readonly release: Release;
  /** In their order. */
  readonly transitions: readonly Transition[];
  readonly state: "open" | DeployEnd;
  /** When its cutover was done; absent when it never got the traffic. */
  readonly liveSinceMs?: number;
  readonly endedAtMs?: number;
}

/** A release with its transitions, as one machine tells it to the others. */
export type PublishedRelease = Pick<ReleaseRecord, "release"> & {
  /** In their order; those of an open deploy may be incomplete. */
  readonly transitions: readonly Pick<Transition, "atMs" | "record">[];
};

/**
 * What is known of releases on this machine. Each write is durable when it returns ok: neither `kill -9` nor a power loss takes it
 * back. Every call fails with `journal-failed` and never throws.
 */
export interface ReleaseJournal {
  /** Begins a deploy; refused while another one of the project is open. */
  beginRelease(release: Release): Result<void>;
  /** Adds the next transition. An `end` closes the deploy; afterwards nothing more can be added. */
  recordTransition(deployId: string, record: TransitionRecord, atMs: number): Result<Transition>;
  /**
   * Takes over a release of another machine, or what became elsewhere of one that is open here. Without effect on one that has ended
   * here; refused for one that is open while another one of the project is.
   */
  adoptRelease(published: PublishedRelease): Result<void>;
  /** The deploy of the project that has no end; there is at most one. */
  openDeploy(project: string): Result<ReleaseRecord | undefined>;
  /** Newest first; all that are kept where no limit is given. */
  listReleases(project: string, limit?: number): Result<readonly ReleaseRecord[]>;
  /** The newest release of a colour that ended as `done`: what a rollback to this colour means. */
  releaseOf(project: string, colour: Colour): Result<ReleaseRecord | undefined>;
  /** By deploy id, or by a beginning of it that fits only one. */
  findRelease(project: string, deployId: string): Result<ReleaseRecord | undefined>;
  /** The verdict of a verify task over an image; a later one replaces it. */
  recordVerified(verdict: VerifyVerdict): Result<void>;
  /** Whether the latest verdict over the image, by its ID, is a pass. */
  isVerified(imageId: string): Result<boolean>;
  /** Before it matters that the process may be left behind. */
  recordChild(child: DeployChild): Result<void>;
  forgetChild(child: ProcessIdentity): Result<void>;
  /** Children of a deploy, and those of deploys that ended without forgetting them. */
  listChildren(project: string): Result<readonly DeployChild[]>;
  /** Takes the lock of this machine, also from a holder that `isGone`; `held` names a holder that may be alive. */
  takeLocalLock(project: string, owner: LockOwner, isGone: (holder: LockOwner) => boolean): Result<LocalLock>;
  /** Gives the lock of a holder back; without effect when another one has it. */
  dropLocalLock(project: string, holder: LockOwner): Result<void>;
  readLocalLock(project: string): Result<LockOwner | undefined>;
}

/** What a verify task found about one image. */
export interface VerifyVerdict {
  readonly imageId: string;
  readonly passed: boolean;
  readonly runId: string;
  readonly atMs: number;
}

/** Whether the lock of this machine was got. */
export type LocalLock = { readonly lock: "taken" } | { readonly lock: "held"; readonly holder: LockOwner };
