import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { Engine } from "../../src/docker/engine.ts";
import { observeEngine } from "../../src/docker/images.ts";
import type { CleanupPolicy } from "../../src/model/build-config.ts";
import type { CleanupPlan } from "../../src/model/cleanup.ts";
import type { Result } from "../../src/model/failure.ts";
import { LABELS } from "../../src/model/observation.ts";
import type { EngineObservation } from "../../src/model/observation.ts";
import { planCleanup } from "../../src/plan/cleanup.ts";
import type { CleanupScope } from "../../src/plan/cleanup-images.ts";
import { executeCleanup } from "../../src/tasks/cleanup-execution.ts";
import { TaskAttempt } from "./task-attempt.ts";

const run = promisify(execFile);
const LIGHT = path.join(import.meta.dirname, "../../examples/light");
const PROJECT = "orc-test-trial";
const SERVICES = ["web", "api", "worker"] as const;

/** What a trial saw, numbers in bytes; `trouble` says what was not as predicted. */
export interface TrialReport {
  readonly seed: number;
  readonly images: number;
  readonly records: number;
  readonly removedImages: number;
  readonly removedRecords: number;
  readonly predictedBytes: number;
  readonly accountedBytes: number;
  readonly physicalBytes: number | undefined;
  readonly hiddenBytes: number;
  readonly trouble: readonly string[];
}

/** Random numbers that are the same for the same seed. */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from `from` to `to`, both included. */
  roll(from: number, to: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return from + Math.floor((this.#state / 2 ** 32) * (to - from + 1));
  }

  chance(percent: number): boolean {
    return this.roll(1, 100) <= percent;
  }
}

/**
 * Fills an engine of its own with 6 to 11 random images and their cache, removes some of them in other ways, cleans by a random
 * policy, and holds what happened against the plan. The engine is empty afterwards.
 */
export async function runCleanupTrial(engine: Engine, seed: number): Promise<TrialReport> {
  const dice = new Dice(seed);
  const directory = await mkdtemp(path.join(tmpdir(), "orc-test-trial-"));
  try {
    await fillEngine(engine, directory, dice);
    await removeSome(engine, dice);
    return await cleanAndCompare(engine, seed, dice);
  } finally {
    await emptyEngine(engine);
    await rm(directory, { recursive: true, force: true });
  }
}

/** Random images: some build on the same first steps, some move the tag of an older one, some have a second tag. */
async function fillEngine(engine: Engine, directory: string, dice: Dice): Promise<void> {
  await run("sh", [path.join(LIGHT, "scripts/busybox.sh")]);
  await copyFile(path.join(LIGHT, ".busybox/busybox"), path.join(directory, "busybox"));
  const families = Array.from({ length: dice.roll(2, 3) }, (_, index) => randomSteps(`family${index}`, dice));
  const count = dice.roll(6, 11);
  for (let image = 0; image < count; image += 1) {
    const service = SERVICES[dice.roll(0, SERVICES.length - 1)] ?? "web";
    const family = families[dice.roll(0, families.length - 1)] ?? [];
    const own = randomSteps(`image${image}`, dice);
    const steps = [...family.slice(0, dice.roll(1, family.length)), ...own];
    const context = path.join(directory, `context${image}`);
    await mkdir(context);
    await copyFile(path.join(directory, "busybox"), path.join(context, "busybox"));
    for (const { file, sizeBytes } of steps) {
      const shared = path.join(directory, file);
      await writeFile(shared, randomBytes(sizeBytes), { flag: "wx" }).catch(() => undefined);
      await copyFile(shared, path.join(context, file));
    }
    const stages = dice.chance(40) ? 2 : 1;
    await writeFile(path.join(context, "Dockerfile"), dockerfile(steps, stages));
    const tags = [`${PROJECT}/${service}:latest`, ...(dice.chance(70) ? [`${PROJECT}/${service}:${image}`] : [])];
    await build(engine, context, service, tags);
  }
}

interface Step {
  readonly file: string;
  readonly sizeBytes: number;
  /** Made by a command instead of a copy. */
  readonly isRun: boolean;
}

function randomSteps(name: string, dice: Dice): readonly Step[] {
  return Array.from({ length: dice.roll(1, 3) }, (_, index) => ({
    file: `${name}-${index}`,
    sizeBytes: dice.roll(300_000, 4_000_000),
    isRun: dice.chance(30),
  }));
}

function dockerfile(steps: readonly Step[], stages: number): string {
  const lines = ["FROM scratch AS first", "COPY busybox /busybox"];
  for (const [index, { file, sizeBytes, isRun }] of steps.entries()) {
    const command = `head -c ${sizeBytes} /dev/urandom >/${file}-made`;
    lines.push(isRun ? `RUN ["/busybox", "sh", "-c", "${command}"]` : `COPY ${file} /${file}`);
    if (stages === 2 && index === 0) lines.push("FROM first AS second", "WORKDIR /srv", "COPY --from=first / /copy");
  }
  return `${lines.join("\n")}\n`;
}

async function build(engine: Engine, context: string, service: string, tags: readonly string[]): Promise<void> {
  const labels = { [LABELS.project]: PROJECT, [LABELS.service]: service };
  const words = [
    ...Object.entries(labels).flatMap(([name, value]) => ["--label", `${name}=${value}`]),
    ...tags.flatMap((tag) => ["--tag", tag]),
  ];
  const env = { ...process.env, ...engine.endpoint.cliEnvironment, BUILDX_NO_DEFAULT_ATTESTATIONS: "1" };
  const host = { DOCKER_HOST: engine.endpoint.url };
  await run("docker", ["buildx", "build", "--network", "none", "--quiet", ...words, context], {
    env: { ...env, ...host },
  });
}

/** What users do by hand: an image goes, some private records go. */
async function removeSome(engine: Engine, dice: Dice): Promise<void> {
  const images = value(await engine.listImages()).filter(() => dice.chance(15));
  for (const { tags, id } of images) for (const name of tags.length > 0 ? tags : [id]) await engine.removeImage(name);
  const records = value(await engine.listCacheRecords());
  const some = records.filter((record) => !record.shared && !record.inUse && dice.chance(15));
  await engine.pruneCacheRecords(
    some.map((record) => record.id),
    { records },
  );
}

async function cleanAndCompare(engine: Engine, seed: number, dice: Dice): Promise<TrialReport> {
  const before = await observe(engine);
  const policy = randomPolicy(before, dice);
  const plan = planCleanup(before, policy, SCOPE);
  const { result, failure } = await executeCleanup(engine, plan, before, new TaskAttempt());
  const after = await observe(engine);
  const trouble = [
    ...(failure === undefined ? [] : [JSON.stringify(failure)]),
    ...compareSets(plan, before, after),
    ...result.spared.map(({ item, why }) => `spared ${item.id}: ${why}`),
    ...compareBytes(before, plan, result),
    ...(planCleanup(after, policy, SCOPE).items.length === 0 ? [] : ["a second plan is not empty"]),
  ];
  const kinds = (kind: string): number => result.removed.filter((item) => item.item === kind).length;
  return {
    seed,
    images: before.images.length,
    records: before.cache.length,
    removedImages: kinds("image"),
    removedRecords: kinds("cache-record"),
    predictedBytes: plan.predictedBytes,
    accountedBytes: result.accountedBytes,
    physicalBytes: result.physicalBytes,
    hiddenBytes: plan.hiddenBytes,
    trouble,
  };
}

function randomPolicy({ cache }: EngineObservation, dice: Dice): CleanupPolicy {
  const totalBytes = cache.reduce((sum, record) => sum + record.sizeBytes, 0);
  return {
    maxCacheBytes: dice.chance(30) ? 0 : Math.round((totalBytes * dice.roll(0, 100)) / 100),
    keepImagesPerService: dice.roll(1, 3),
    minAgeMs: 0,
    steps: ["stale-sources", "untagged-images", "old-images", "cache", "cache-mounts", "young-cache"],
  };
}

const SCOPE: CleanupScope = {
  project: PROJECT,
  services: SERVICES.map((name) => ({ name, repositories: [`${PROJECT}/${name}`] })),
};

/** Exactly what was planned is gone. */
function compareSets(plan: CleanupPlan, before: EngineObservation, after: EngineObservation): readonly string[] {
  const idsOf = ({ images, cache }: EngineObservation) => [...images, ...cache].map(({ id }) => id);
  const left = new Set(idsOf(after));
  const gone = new Set(idsOf(before).filter((id) => !left.has(id)));
  const planned = new Set(plan.items.map((item) => item.id));
  return [
    ...[...planned].filter((id) => !gone.has(id)).map((id) => `planned, and still there: ${id}`),
    ...[...gone].filter((id) => !planned.has(id)).map((id) => `gone, and not planned: ${id}`),
  ];
}

const NOISE_BYTES = 5_000_000;
/** Blocks of the file system's own that a removal may take for its journal. */
const SMALL_NOISE_BYTES = 500_000;

function compareBytes(
  before: EngineObservation,
  plan: CleanupPlan,
  result: { readonly accountedBytes: number; readonly physicalBytes?: number },
): readonly string[] {
  const { predictedBytes } = plan;
  // What the disk gains besides, because no number of the engine contains it.
  const uncountedBytes = plan.physicalBytes - predictedBytes;
  const { accountedBytes, physicalBytes } = result;
  const allowedBytes = before.store === "containerd" ? Math.abs(predictedBytes) * 0.005 : 0;
  const offBytes = accountedBytes - predictedBytes;
  const trouble: string[] = [];
  if (Math.abs(offBytes) > allowedBytes) trouble.push(`accounted is off by ${offBytes} of ${predictedBytes}`);
  // Where nothing goes there is nothing to measure.
  if (plan.items.length === 0) return trouble;
  if (physicalBytes === undefined) return [...trouble, "the disk cannot be measured"];
  const least = 0.95 * predictedBytes + Math.min(0, uncountedBytes) - SMALL_NOISE_BYTES;
  const most = 1.35 * predictedBytes + Math.max(0, uncountedBytes) + NOISE_BYTES;
  if (physicalBytes < least || physicalBytes > most)
    trouble.push(`the disk gained ${physicalBytes}, not ${least} to ${most}`);
  return trouble;
}

async function emptyEngine(engine: Engine): Promise<void> {
  for (const { tags, id } of value(await engine.listImages())) {
    for (const name of tags.length > 0 ? tags : [id]) value(await engine.removeImage(name));
  }
  const records = value(await engine.listCacheRecords());
  value(
    await engine.pruneCacheRecords(
      records.map((record) => record.id),
      { records },
    ),
  );
}

async function observe(engine: Engine): Promise<EngineObservation> {
  return value(await observeEngine(engine, { nowMs: Date.now(), layers: true }));
}

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.failure));
  return result.value;
}
