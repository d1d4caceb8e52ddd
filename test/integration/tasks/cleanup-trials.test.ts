import { describe, expect, it } from "vitest";
import { openEngine } from "../../../src/docker/engine.ts";
import { runCleanupTrial } from "../../rig/cleanup-trial.ts";
import { SecondEngine } from "../../rig/second-engine.ts";

/** bench/cleanup-trials.ts does twenty of each. */
describe.skipIf(!SecondEngine.isPossible())("what a clean-up of a random engine frees", () => {
  it.each(["graph-driver", "containerd"])(
    "is what its plan said, on the store %s",
    { timeout: 300_000 },
    async (store) => {
      await using second = await SecondEngine.start({ containerdStore: store === "containerd", diskBytes: 2e9 });
      const opened = await openEngine({ environment: { ...second.environment } });
      if (!opened.ok) throw new Error(JSON.stringify(opened.failure));
      await using engine = opened.value;
      for (const seed of [12, 13, 14]) {
        const report = await runCleanupTrial(engine, seed);
        expect({ seed, trouble: report.trouble }).toEqual({ seed, trouble: [] });
        expect(report.images).toBeGreaterThan(2);
      }
    },
  );
});
