import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ReleaseJournal } from "../../../src/model/journal.ts";
import { openStore } from "../../../src/state/store.ts";
import { ChildScript } from "../../rig/child-script.ts";

const ROUNDS = 12;

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "orchestrate-durable-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** What the journal does not have of what it acknowledged; it may have one thing more, which nobody was told. */
function missing(journal: ReleaseJournal, acknowledged: readonly string[]): readonly string[] {
  return acknowledged.filter((line) => {
    const [what = "", deployId = "", sequence] = line.split(" ");
    const found = journal.findRelease("shop", deployId);
    if (!found.ok || found.value === undefined) return true;
    if (what === "begun") return false;
    if (what === "ended") return found.value.state !== "done";
    return !found.value.transitions.some((transition) => transition.sequence === Number(sequence));
  });
}

describe("a journal whose writer is killed", () => {
  it("has everything that it acknowledged, and goes on where it stopped", async () => {
    let next = 0;
    let seen = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      using writer = new ChildScript("journal-writer.ts", [directory, String(next)]);
      const acknowledged: string[] = [];
      // A different moment each time: after some transitions of the second deploy.
      while (acknowledged.length < 19 + 2 * round) acknowledged.push(await writer.line());
      await writer.kill();
      acknowledged.push(...writer.unread());
      seen += acknowledged.length;

      const opened = await openStore(directory, Date.now());
      if (!opened.ok) throw new Error(opened.problem);
      expect(opened.warning).toBeUndefined();
      using store = opened.store;
      expect(missing(store.releases, acknowledged)).toEqual([]);
      const open = store.releases.openDeploy("shop");
      if (!open.ok) throw new Error(JSON.stringify(open.failure));
      const newest = store.releases.listReleases("shop", 1);
      next = Number((newest.ok ? newest.value[0]?.release.deployId : "")?.slice(1)) + 1;
      if (open.value === undefined) continue;
      const { release, transitions } = open.value;
      expect(transitions.map(({ sequence }) => sequence)).toEqual(transitions.map((_, index) => index + 1));
      const end = store.releases.recordTransition(release.deployId, { mark: "end", end: "aborted" }, 1);
      expect(end).toMatchObject({ ok: true, value: { sequence: transitions.length + 1 } });
    }
    expect(seen).toBeGreaterThan(ROUNDS * 19);
  });
});
