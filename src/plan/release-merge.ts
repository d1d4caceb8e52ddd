import type { PublishedRelease, ReleaseRecord } from "../model/journal.ts";
import { DEPLOY_PHASES } from "../model/release.ts";
import type { DeployPhase, Release, TransitionRecord } from "../model/release.ts";
import type { Traffic } from "../model/router.ts";

/** One thing to do so that the journal of this machine and the ledger of the engine say the same. */
export type MergeStep =
  /** Into the journal, as it stands here. */
  | { readonly step: "adopt"; readonly published: PublishedRelease }
  /** The open deploy of the journal has ended elsewhere, and nobody wrote down how. */
  | { readonly step: "close"; readonly deployId: string; readonly because: string }
  /** Into the ledger, which does not know the end yet. */
  | { readonly step: "publish"; readonly deployId: string };

/** What is merged. */
export interface MergeInput {
  /** The ledger, in any order. */
  readonly published: readonly PublishedRelease[];
  /** State of each release of this machine's journal. */
  readonly known: ReadonlyMap<string, ReleaseRecord["state"]>;
  /** Where the router sends traffic: it tells how far a deploy came whose machine cannot be asked. */
  readonly traffic: Traffic;
}

const SUPERSEDED = "another deploy began after it; how it ended is not recorded";

/**
 * Compares the journal of this machine with the ledger that all machines keep on the engine. Only for the holder of the lock: a
 * deploy without an end is nobody's work then. Of several ones only the newest is unfinished, because whoever began it had
 * taken up those before.
 */
export function planMerge({ published, known, traffic }: MergeInput): readonly MergeStep[] {
  const steps: MergeStep[] = [];
  const open = published.filter((each) => !hasEnded(each) && !isEnd(known.get(each.release.deployId)));
  const newest = open.toSorted((a, b) => b.release.startedAtMs - a.release.startedAtMs)[0]?.release.deployId;
  for (const each of published) {
    const { deployId } = each.release;
    const here = known.get(deployId);
    if (hasEnded(each)) {
      if (!isEnd(here)) steps.push({ step: "adopt", published: each });
    } else if (isEnd(here)) {
      steps.push({ step: "publish", deployId });
    } else if (deployId !== newest) {
      steps.push(
        here === "open" ? { step: "close", deployId, because: SUPERSEDED } : { step: "adopt", published: close(each) },
      );
    }
  }
  const unfinished = open.find(({ release }) => release.deployId === newest);
  if (unfinished === undefined || known.get(unfinished.release.deployId) === "open") return steps;
  for (const [deployId, state] of known) {
    const told = published.some(({ release }) => release.deployId === deployId);
    if (state === "open" && !told) steps.push({ step: "close", deployId, because: SUPERSEDED });
  }
  // Last: there is one open deploy in a journal.
  return [...steps, { step: "adopt", published: reconstruct(unfinished, traffic) }];
}

/** The deploy without an end in a ledger, as far as it is known; undefined where there is none. */
export function findUnfinished({ published, known, traffic }: MergeInput): PublishedRelease | undefined {
  const last = planMerge({ published, known, traffic }).at(-1);
  return last?.step === "adopt" && !hasEnded(last.published) ? last.published : undefined;
}

/** Whether its last transition is an end. */
export function hasEnded({ transitions }: PublishedRelease): boolean {
  return transitions.at(-1)?.record.mark === "end";
}

function isEnd(state: ReleaseRecord["state"] | undefined): boolean {
  return state !== undefined && state !== "open";
}

function close({ release, transitions }: PublishedRelease): PublishedRelease {
  const end: TransitionRecord = { mark: "end", end: "aborted", because: SUPERSEDED };
  return { release, transitions: [...transitions, { atMs: release.startedAtMs, record: end }] };
}

/** The phases of a deploy are not in the ledger, but traffic tells them. One that had turned back wrote that down. */
function reconstruct({ release, transitions }: PublishedRelease, traffic: Traffic): PublishedRelease {
  if (transitions.some(({ record }) => record.mark === "turn")) return { release, transitions };
  const reached = DEPLOY_PHASES.indexOf(phaseByTraffic(release, traffic));
  const records = DEPLOY_PHASES.slice(0, reached + 1).flatMap((phase, index): TransitionRecord[] => {
    const intent = { mark: "intent", phase } as const;
    return index < reached ? [intent, { mark: "fact", phase }] : [intent];
  });
  return { release, transitions: records.map((record) => ({ atMs: release.startedAtMs, record })) };
}

/** The phase that a deploy is repeated from: rather one too early than one too late. */
function phaseByTraffic({ colour, replaces }: Release, traffic: Traffic): DeployPhase {
  if (traffic.to === "nowhere" || traffic.colour !== colour) return "prepare";
  if (traffic.to === "canary") return "cutover";
  // Draining begins by taking the standby away; a first deploy never has one.
  return traffic.standby || replaces === undefined ? "observe" : "drain";
}
