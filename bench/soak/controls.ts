import { LoadProject } from "../../test/rig/load/load-project.ts";
import { countByStream, runRound } from "./round.ts";
import type { Row } from "./round.ts";
import type { Releases } from "./releases.ts";

/** Requests that each deploy of a control loses at least, or the load client is blind. */
const LEAST_LOST = { inPlace: 300, withoutDrain: 10 } as const;

/** `docker compose up -d` of a service behind a published port, as one would do without any tool. */
export async function replaceInPlace(count: number): Promise<Row> {
  await using project = await LoadProject.create();
  await project.build();
  await project.compose("in-place", "up", "-d", "--wait");
  let release = 1;
  const steps = Array.from({ length: count }, () => async () => {
    release += 1;
    await project.release(String(release));
    await project.build();
    await project.compose("in-place", "up", "-d", "--wait");
    return undefined;
  });
  return await runRound({
    name: "control: docker compose up -d",
    load: { url: project.url("inPlace") },
    steps,
    mayFail: true,
    judge: ({ failed }) => describeLost(failed / count, LEAST_LOST.inPlace),
  });
}

/** Deploys through the router of an application that dies at once, in a project that does not wait for what is under way. */
export async function deployWithoutDrain(releases: Releases, url: string, count: number): Promise<Row> {
  await releases.deploy({ dies: "at-once" });
  const steps = Array.from({ length: count }, () => async () => await releases.deploy({ dies: "at-once" }));
  return await runRound({
    name: "control: no drain, dies at once",
    load: { url },
    steps,
    mayFail: true,
    judge: (report) => {
      const lost = describeLost(report.failed / count, LEAST_LOST.withoutDrain);
      return { ...lost, note: `${lost.note}: ${countByStream(report)}` };
    },
  });
}

function describeLost(lost: number, least: number): { readonly note: string; readonly trouble: readonly string[] } {
  const note = `${lost.toFixed(0)} a deploy`;
  return { note, trouble: lost < least ? [`fewer than ${least} a deploy: the load client sees nothing`] : [] };
}
