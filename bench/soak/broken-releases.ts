import type { LoadReport } from "../../test/rig/load/load-report.ts";
import { countByStream, runRound } from "./round.ts";
import type { Row } from "./round.ts";
import type { Releases } from "./releases.ts";

/** How a release is broken, and what its users may notice. */
interface Broken {
  readonly name: string;
  readonly breaks: string;
  /** Requests that may fail; the figures of the crash stand for every release that gets users. */
  readonly mostFailed: number;
}

/** From the first user on, by the fastest look at it; with all that is under way. */
export const BROKEN_RELEASES: readonly Broken[] = [
  { name: "never ready", breaks: "never-ready", mostFailed: 0 },
  { name: "wrong page", breaks: "wrong-page", mostFailed: 0 },
  { name: "20 % errors from the start", breaks: "errors:20", mostFailed: 0 },
  { name: "20 % errors under load", breaks: "errors-busy:20", mostFailed: 200 },
  { name: "slow: 1.5 s", breaks: "slow:1500", mostFailed: 0 },
  { name: "crash after 5 s", breaks: "crash-busy:5000", mostFailed: 20 },
];

/** Deploys each broken release under load: it must be refused, or lose the traffic again. */
export async function deployBroken(
  releases: Releases,
  url: string,
  broken: readonly Broken[] = BROKEN_RELEASES,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const { name, breaks, mostFailed } of broken) {
    let seen = "";
    const step = async (): Promise<string | undefined> => {
      const before = (await releases.project.status()).live?.colour;
      const startedMs = Date.now();
      await releases.write({ breaks });
      const result = await releases.project.run("run", "deploy");
      const trouble = await releases.expect(result, 1);
      const after = (await releases.project.status()).live?.colour;
      seen = await describeReturn(releases, startedMs);
      return trouble ?? (before === after ? undefined : `${after} is live instead of ${before}`);
    };
    const judge = (report: LoadReport): { readonly note: string; readonly trouble: readonly string[] } => ({
      note: `${seen}; failed: ${countByStream(report)}`,
      trouble: report.failed > mostFailed ? [`more than ${mostFailed} failed`] : [],
    });
    rows.push(await runRound({ name, load: { url }, steps: [step], mayFail: true, judge }));
  }
  return rows;
}

/** How long users were on the release, and what happened when something died. */
async function describeReturn({ project }: Releases, sinceMs: number): Promise<string> {
  const newest = await project.newestRelease();
  const cutover = newest?.transitions.find(({ record }) => record.mark === "fact" && record.phase === "cutover");
  if (newest === undefined || cutover === undefined) return "refused, never had users";
  const returnedMs = await project.directedAtMs();
  const died = await project.diedAtMs(newest.release.colour, sinceMs);
  const after = `traffic went back ${((returnedMs - cutover.atMs) / 1_000).toFixed(1)} s after the cutover`;
  return died === undefined ? after : `${after}, ${Math.round(returnedMs - died)} ms after the death`;
}
