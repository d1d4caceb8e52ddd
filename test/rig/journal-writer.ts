import { openStore } from "../../src/state/store.ts";
import { DEPLOY_PHASES } from "../../src/model/release.ts";

/**
 * A process that writes a journal: `node journal-writer.ts DIRECTORY FIRST`. It begins deploys `d<FIRST>`, `d<FIRST+1>` … and says
 * each thing that the journal has acknowledged, until it is killed.
 */
const [directory = "", first = "0"] = process.argv.slice(2);
const opened = await openStore(directory, Date.now());
if (!opened.ok) throw new Error(opened.problem);
const { releases } = opened.store;
const say = (text: string): boolean => process.stdout.write(`${text}\n`);
for (let number = Number(first); ; number += 1) {
  const deployId = `d${number}`;
  const release = { deployId, runId: "r", project: "shop", colour: "green", images: {}, fingerprint: "f" };
  const begun = releases.beginRelease({ ...release, startedAtMs: number, unverified: [] });
  if (!begun.ok) throw new Error(JSON.stringify(begun.failure));
  say(`begun ${deployId}`);
  for (const phase of DEPLOY_PHASES) {
    for (const mark of ["intent", "fact"] as const) {
      const written = releases.recordTransition(deployId, { mark, phase }, number);
      if (!written.ok) throw new Error(JSON.stringify(written.failure));
      say(`transition ${deployId} ${written.value.sequence}`);
    }
  }
  releases.recordTransition(deployId, { mark: "end", end: "done" }, number);
  say(`ended ${deployId}`);
  // Lets the lines out.
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}
