/**
 * How long users wait for the release before, from the command until the entrance answers with it: `orchestrate rollback` to a
 * colour that is kept running or stopped, against what one types without it, `docker compose up -d --wait` in place with the
 * image before. Bars: kept running <= 0.6, stopped <= 2; and the way without a router leaves users without an answer meanwhile.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { LoadProject } from "../test/rig/load/load-project.ts";
import { docker } from "../test/rig/light-project.ts";
import { setup } from "../test/rig/fresh-bundle.ts";
import { formatMs, judgeBars, measureInterleaved, median, medianRatio, renderTable, samplesOf } from "./measure.ts";

const ROUNDS = 11;
const PATIENCE_MS = 60_000;
const [RUNNING, STOPPED, IN_PLACE] = [
  "orchestrate rollback, kept running",
  "orchestrate rollback, kept stopped",
  "docker compose up -d --wait in place",
];

/** The release that answers at an address; undefined where nobody does. */
async function releaseAt(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { headers: { connection: "close" }, signal: AbortSignal.timeout(1_000) });
    await answer.body?.cancel();
    return answer.headers.get("x-release") ?? undefined;
  } catch {
    return undefined;
  }
}

/**
 * Milliseconds from the start of the work until another release than now answers, and the longest time without an answer. The
 * work is waited for, too.
 */
async function timeChange(url: string, work: () => Promise<unknown>): Promise<{ tookMs: number; silentMs: number }> {
  const before = await releaseAt(url);
  const startedMs = performance.now();
  const done = work();
  let answeredMs = startedMs;
  let silentMs = 0;
  for (;;) {
    const now = await releaseAt(url);
    const tookMs = performance.now() - startedMs;
    if (now !== undefined) {
      silentMs = Math.max(silentMs, performance.now() - answeredMs);
      answeredMs = performance.now();
    }
    if (now !== undefined && now !== before) {
      await done;
      return { tookMs, silentMs };
    }
    if (tookMs > PATIENCE_MS) throw new Error(`still ${before ?? "nobody"} at ${url}`);
    await delay(2);
  }
}

/** Gives the tag that the compose files name to the other one of two images. */
async function retag(load: LoadProject, images: readonly string[]): Promise<void> {
  const [current] = await docker("image", "inspect", "--format", "{{.Id}}", `${load.project}/web:latest`);
  const other = images.find((image) => image !== current);
  if (other !== undefined) await docker("tag", other, `${load.project}/web:latest`);
}

const removeBundle = setup();
// Loaded now, because it reads where the bundle is.
const { ReleaseProject } = await import("../test/rig/release-project.ts");
const project = await ReleaseProject.create({ keep_old: "running", observe: { for: "0s" } });
const { load } = project;
const images: string[] = [];
try {
  for (const release of ["one", "two"]) {
    const { exitCode, output } = await project.deploy(release);
    if (exitCode !== 0) throw new Error(output);
    images.push(...(await docker("image", "inspect", "--format", "{{.Id}}", `${load.project}/web:latest`)));
  }
  await load.compose("in-place", "up", "-d", "--wait");

  const rollback = async (): Promise<void> => {
    const { exitCode, output } = await project.run("rollback");
    if (exitCode !== 0) throw new Error(output);
  };
  const stopIdle = async (): Promise<void> => {
    const { live } = await project.status();
    const idle = live?.colour === "blue" ? "green" : "blue";
    const filter = `label=com.docker.compose.project=${load.project}-${idle}`;
    await docker("stop", ...(await docker("ps", "-q", "--filter", filter)));
  };
  const longestSilences = new Map<string, number>();
  const contenders = [
    {
      name: IN_PLACE,
      prepare: () => retag(load, images),
      url: load.url("inPlace"),
      work: () => load.compose("in-place", "up", "-d", "--wait"),
    },
    { name: RUNNING, prepare: () => Promise.resolve(), url: load.url(), work: rollback },
    { name: STOPPED, prepare: stopIdle, url: load.url(), work: rollback },
  ].map(({ name, prepare, url, work }) => ({
    name,
    measure: async (): Promise<number> => {
      await prepare();
      const { tookMs, silentMs } = await timeChange(url, work);
      longestSilences.set(name, Math.max(longestSilences.get(name) ?? 0, silentMs));
      return tookMs;
    },
  }));
  const samples = await measureInterleaved(contenders, { rounds: ROUNDS });

  console.log(`until users get the release before, medians of ${ROUNDS} interleaved rounds`);
  console.log(
    renderTable(
      ["way", "median", "longest", "/ in place", "longest silence"],
      contenders.map(({ name }) => [
        name,
        formatMs(median(samplesOf(samples, name))),
        formatMs(Math.max(...samplesOf(samples, name))),
        medianRatio(samples, name, IN_PLACE).toFixed(2),
        formatMs(longestSilences.get(name) ?? Number.NaN),
      ]),
    ),
  );
  console.log("");
  judgeBars([
    { name: RUNNING, ratio: medianRatio(samples, RUNNING, IN_PLACE), limit: 0.6 },
    { name: STOPPED, ratio: medianRatio(samples, STOPPED, IN_PLACE), limit: 2 },
  ]);
} finally {
  await project[Symbol.asyncDispose]();
  removeBundle();
}
