import { isRecord, numberAt, parseJson, recordAt, textAt, textListAt, textMapAt } from "../../docker/json-value.ts";
import { readLedger, writeLedgerEntry } from "../../docker/release-ledger.ts";
import type { RouterSite } from "../../docker/router/router-project.ts";
import type { Failure, Result } from "../../model/failure.ts";
import type { PublishedRelease, ReleaseJournal, ReleaseRecord } from "../../model/journal.ts";
import { DEPLOY_PHASES } from "../../model/release.ts";
import type { Release, TransitionRecord } from "../../model/release.ts";
import type { Traffic } from "../../model/router.ts";
import { findUnfinished, hasEnded, planMerge } from "../../plan/release-merge.ts";

/** Releases that stay in the ledger, besides what a rollback may mean. */
const KEPT_ENTRIES = 20;
/** Longest that an entry may take to be written when the deploy itself was interrupted. */
const WRITE_TIMEOUT_MS = 5_000;
const VERSION = 1;

/** What a ledger says that cannot be read off the journal of this machine. */
export interface LedgerView {
  /** A deploy that began elsewhere and has no end; it may be under way. */
  readonly unfinished?: ReleaseRecord;
}

/**
 * What the machines that deploy a project know of each other: every release is published on the engine when it begins, when it turns
 * back and when it ends, and taken over into the journal of the next machine that holds the lock. So a rollback or a deploy
 * that was killed means the same wherever the next command is typed. The journal stays the truth about one's own deploys.
 */
export class ReleaseLedger {
  readonly #site: RouterSite;
  readonly #journal: ReleaseJournal;

  constructor(site: RouterSite, journal: ReleaseJournal) {
    this.#site = site;
    this.#journal = journal;
  }

  /** Makes journal and ledger agree. Only with the lock held, before anything is decided from the journal. */
  async merge(traffic: Traffic, signal: AbortSignal): Promise<Result<void>> {
    const input = await this.#read(traffic, signal);
    if (!input.ok) return input;
    for (const step of planMerge(input.value)) {
      const failure = await this.#carryOut(step);
      if (failure !== undefined) return { ok: false, failure };
    }
    return await this.#publishMissing(new Set(input.value.published.map(({ release }) => release.deployId)));
  }

  /** Takes over the releases that have ended elsewhere and gives the one that has not. Needs no lock, changes nothing on the engine. */
  async look(traffic: Traffic, signal: AbortSignal): Promise<Result<LedgerView>> {
    const input = await this.#read(traffic, signal);
    if (!input.ok) return input;
    for (const published of input.value.published.filter(hasEnded)) {
      const adopted = this.#journal.adoptRelease(published);
      if (!adopted.ok) return adopted;
    }
    const unfinished = findUnfinished(input.value);
    if (unfinished === undefined) return { ok: true, value: {} };
    const { release } = unfinished;
    const transitions = unfinished.transitions.map(({ atMs, record }, index) => {
      return { deployId: release.deployId, sequence: index + 1, atMs, record };
    });
    return { ok: true, value: { unfinished: { release, transitions, state: "open" } } };
  }

  /**
   * Writes what the journal says of a deploy. An end that cannot be written is published by the next command of this machine; without
   * it another one takes the deploy for unfinished, and ends it in the same way.
   */
  async publish({ project, deployId }: Pick<Release, "project" | "deployId">): Promise<Result<void>> {
    const listed = this.#journal.listReleases(project);
    if (!listed.ok) return listed;
    const record = listed.value.find(({ release }) => release.deployId === deployId);
    if (record === undefined) return { ok: true, value: undefined };
    const entry = { deployId, line: formatEntry(record) };
    const signal = AbortSignal.timeout(WRITE_TIMEOUT_MS);
    return await writeLedgerEntry(this.#site, entry, selectForgotten(listed.value), signal);
  }

  async #read(traffic: Traffic, signal: AbortSignal): Promise<Result<Parameters<typeof planMerge>[0]>> {
    const lines = await readLedger(this.#site, signal);
    if (!lines.ok) return lines;
    const listed = this.#journal.listReleases(this.#site.project);
    if (!listed.ok) return listed;
    // What is newer than this program, or half of a disk that was full, is nobody's business here.
    const published = lines.value.map(parseEntry).filter((entry) => entry !== undefined);
    const known = new Map(listed.value.map(({ release, state }) => [release.deployId, state]));
    return {
      ok: true,
      value: { published: published.filter(({ release }) => release.project === this.#site.project), known, traffic },
    };
  }

  /** What a rollback may mean, where the ledger was lost with the router's volume or this project is older than it. */
  async #publishMissing(published: ReadonlySet<string>): Promise<Result<void>> {
    const listed = this.#journal.listReleases(this.#site.project);
    if (!listed.ok) return listed;
    for (const { release } of selectGood(listed.value)) {
      const told = published.has(release.deployId) ? undefined : await this.publish(release);
      if (told?.ok === false) return told;
    }
    return { ok: true, value: undefined };
  }

  async #carryOut(step: ReturnType<typeof planMerge>[number]): Promise<Failure | undefined> {
    const { project } = this.#site;
    switch (step.step) {
      case "adopt": {
        const adopted = this.#journal.adoptRelease(step.published);
        return adopted.ok ? undefined : adopted.failure;
      }
      case "close": {
        const end = { mark: "end", end: "aborted", because: step.because } as const;
        const closed = this.#journal.recordTransition(step.deployId, end, Date.now());
        return closed.ok ? undefined : closed.failure;
      }
      case "publish": {
        const published = await this.publish({ project, deployId: step.deployId });
        return published.ok ? undefined : published.failure;
      }
    }
  }
}

/** Of releases, newest first, those that nobody will want to go back to. */
export function selectForgotten(records: readonly ReleaseRecord[]): readonly string[] {
  const kept = new Set(selectGood(records));
  return records
    .slice(KEPT_ENTRIES)
    .filter((record) => record.state !== "open" && !kept.has(record))
    .map(({ release }) => release.deployId);
}

/** Of releases, newest first, the newest good one of each colour; with one that restores what it restores: that is on the containers. */
export function selectGood(records: readonly ReleaseRecord[]): readonly ReleaseRecord[] {
  const good = records.filter(({ state }) => state === "done");
  const newest = good.filter(
    (record) => good.find(({ release }) => release.colour === record.release.colour) === record,
  );
  const restored = new Set(newest.flatMap(({ release }) => release.restores ?? []));
  return good.filter((record) => newest.includes(record) || restored.has(record.release.deployId));
}

/** One line of JSON. */
export function formatEntry({ release, transitions }: PublishedRelease): string {
  return JSON.stringify({
    version: VERSION,
    release,
    transitions: transitions.map(({ atMs, record }) => ({ atMs, record })),
  });
}

/** Reads an entry back; undefined for one that is not whole or of another version. */
export function parseEntry(line: string): PublishedRelease | undefined {
  const value = parseJson(line);
  if (!isRecord(value) || value["version"] !== VERSION) return undefined;
  const release = parseRelease(recordAt(value, "release"));
  const written = Array.isArray(value["transitions"]) ? value["transitions"] : [];
  const transitions = written.flatMap((transition) => {
    const record = parseRecord(recordAt(transition, "record"));
    return record === undefined ? [] : [{ atMs: numberAt(transition, "atMs"), record }];
  });
  return release === undefined || transitions.length < written.length ? undefined : { release, transitions };
}

function parseRelease(value: Readonly<Record<string, unknown>>): Release | undefined {
  const [deployId, project, colour] = [textAt(value, "deployId"), textAt(value, "project"), textAt(value, "colour")];
  if (deployId === "" || project === "" || colour === "") return undefined;
  const [replaces, restores] = [textAt(value, "replaces"), textAt(value, "restores")];
  return {
    deployId,
    runId: textAt(value, "runId"),
    project,
    colour,
    ...(replaces === "" ? {} : { replaces }),
    ...(restores === "" ? {} : { restores }),
    ...(Array.isArray(value["composeFiles"]) ? { composeFiles: textListAt(value, "composeFiles") } : {}),
    images: textMapAt(value, "images"),
    fingerprint: textAt(value, "fingerprint"),
    startedAtMs: numberAt(value, "startedAtMs"),
    unverified: textListAt(value, "unverified"),
  };
}

function parseRecord(value: Readonly<Record<string, unknown>>): TransitionRecord | undefined {
  const because = textAt(value, "because");
  switch (value["mark"]) {
    case "intent":
    case "fact": {
      const phase = DEPLOY_PHASES.find((each) => each === value["phase"]);
      return phase === undefined ? undefined : { mark: value["mark"], phase };
    }
    case "turn": {
      const { to } = value;
      return to === "abort" || to === "roll-back" ? { mark: "turn", to, because } : undefined;
    }
    case "end": {
      const { end } = value;
      if (end !== "done" && end !== "aborted" && end !== "rolled-back") return undefined;
      return { mark: "end", end, ...(because === "" ? {} : { because }) };
    }
    default:
      return undefined;
  }
}
