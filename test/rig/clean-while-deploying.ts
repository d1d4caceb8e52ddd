import { docker } from "./light-project.ts";
import type { UserProject } from "./user-project.ts";

/** What a round saw; `trouble` says what went wrong. */
export interface CleaningRound {
  readonly round: number;
  /** Clean-ups that ran while the build and the deploy did. */
  readonly cleanups: number;
  readonly removedImages: number;
  readonly durationMs: number;
  readonly trouble: readonly string[];
}

/** Makes clean-ups as greedy as a policy can: one image is kept for each service, however young the others are. */
export async function makeGreedy(user: UserProject): Promise<void> {
  const greedy = `"cleanup": { "normal": { "max_cache": "100TB", "keep_images": 1, "min_age": "0s" } }`;
  await user.light.edit("docker/build-config.json", (text) => text.replace('"services"', `${greedy},\n  "services"`));
}

/**
 * Builds and deploys a release to one colour while another process cleans, again and again, until the deploy has ended. The deploy
 * must succeed, its page answer with the release, and every container of the project still have its image.
 */
export async function cleanWhileDeploying(user: UserProject, round: number): Promise<CleaningRound> {
  const { light } = user;
  const startedMs = performance.now();
  const colour = round % 2 === 0 ? "blue" : "green";
  const trouble: string[] = [];
  await light.write("services/web/release", `${round}\n`);
  const deployed = new AbortController();
  const deploying = async (): Promise<void> => {
    for (const argv of [
      ["build", "--clean", "none"],
      ["deploy", colour],
    ]) {
      const { exitCode, output } = await user.run(argv);
      if (exitCode !== 0) trouble.push(`${argv.join(" ")}: exit code ${exitCode}: ${output.slice(-600)}`);
    }
    deployed.abort();
  };
  let cleanups = 0;
  let removedImages = 0;
  const cleaning = async (): Promise<void> => {
    while (!deployed.signal.aborted) {
      const { exitCode, output } = await user.run(["clean"]);
      if (exitCode !== 0) trouble.push(`clean: exit code ${exitCode}: ${output.slice(-600)}`);
      cleanups += 1;
      removedImages += output.match(/remove image/g)?.length ?? 0;
    }
  };
  await Promise.all([deploying(), cleaning()]);
  if (trouble.length === 0) trouble.push(...(await findMissing(user, colour, round)));
  return { round, cleanups, removedImages, durationMs: performance.now() - startedMs, trouble };
}

async function findMissing(
  { light }: UserProject,
  colour: "blue" | "green",
  round: number,
): Promise<readonly string[]> {
  const trouble: string[] = [];
  const page = await light.page(colour).catch(String);
  if (!page.includes(String(round))) trouble.push(`${colour} answers ${JSON.stringify(page.slice(0, 200))}`);
  for (const name of ["blue", "green"]) {
    const ids = await docker("ps", "-aq", "--filter", `label=com.docker.compose.project=${light.project}-${name}`);
    for (const id of ids) {
      const [image = ""] = await docker("inspect", "--format", "{{.Image}}", id);
      const found = await docker("image", "inspect", "--format", "{{.Id}}", image).catch(() => []);
      if (found.length === 0) trouble.push(`container ${id} of ${name} has lost its image ${image}`);
    }
  }
  return trouble;
}
