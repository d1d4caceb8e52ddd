import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { DiskProject } from "./disk-project.ts";
import { SecondEngine } from "./second-engine.ts";

const run = promisify(execFile);

/** What is done again and again, and on what. */
export interface DiskSoakOptions {
  readonly runs: number;
  readonly diskBytes: number;
  /** What each build adds. */
  readonly sourceBytes: number;
  /** What must always stay free; a clean-up goes on until twice as much is. */
  readonly minFreeBytes: number;
  readonly containerdStore: boolean;
  /** Bake targets that are built at once. */
  readonly builds: number;
  /** Each in a process of its own; otherwise one process builds them all. */
  readonly apart: boolean;
  readonly onRound?: (round: DiskRound) => void;
}

/** One round: every bake target was built once. */
export interface DiskRound {
  readonly round: number;
  readonly exitCodes: readonly number[];
  readonly durationMs: number;
  /** The least that was free while it went on, looked at each 20 ms. */
  readonly leastFreeBytes: number;
  readonly images: number;
  /** Of the images that must be there: the newest two of each service, and those of the two newest releases. */
  readonly missing: readonly string[];
  /** What the processes printed when one of them failed. */
  readonly output: string;
}

/** Looks at the disk until it is disposed of. */
class DiskSampler implements Disposable {
  leastFreeBytes = Infinity;
  readonly #timer: NodeJS.Timeout;

  constructor(engine: SecondEngine) {
    this.#timer = setInterval(() => void this.#look(engine), 20);
  }

  async #look(engine: SecondEngine): Promise<void> {
    const { freeBytes } = await engine.disk();
    this.leastFreeBytes = Math.min(this.leastFreeBytes, freeBytes);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** What one project has built. */
interface Built {
  readonly project: DiskProject;
  /** Newest first, by service. */
  readonly images: Map<string, string[]>;
  readonly released: Readonly<Record<string, string>>[];
}

/** Runs `orchestrate run build` with new sources again and again on an engine with a small disk of its own. */
export async function soakDisk(options: DiskSoakOptions): Promise<readonly DiskRound[]> {
  const { diskBytes, containerdStore, runs } = options;
  await using engine = await SecondEngine.start({ diskBytes, containerdStore });
  await using project = await createProject(engine, options);
  const built: Built = { project, images: new Map(), released: [] };
  const rounds: DiskRound[] = [];
  for (let round = 1; round <= runs; round += 1) {
    const done = await playRound(engine, built, round, options.apart ? servicesOf(options) : ["build"]);
    rounds.push(done);
    options.onRound?.(done);
    if (done.exitCodes.some((code) => code !== 0)) break;
  }
  return rounds;
}

/** Plain `docker buildx bake` on the same kind of engine: the round in which it failed and what it said; undefined when it never did. */
export async function soakPlainBake(
  options: DiskSoakOptions,
): Promise<{ readonly round: number; readonly said: string } | undefined> {
  const { diskBytes, containerdStore, runs } = options;
  await using engine = await SecondEngine.start({ diskBytes, containerdStore });
  await using project = await createProject(engine, options);
  for (let round = 1; round <= runs; round += 1) {
    await project.change();
    const failed = await run("docker", ["buildx", "bake"], {
      cwd: project.directory,
      env: { ...process.env, ...project.environment },
    }).then(
      () => undefined,
      (error: unknown) => String(error),
    );
    if (failed !== undefined) return { round, said: failed };
  }
  return undefined;
}

async function createProject(engine: SecondEngine, options: DiskSoakOptions): Promise<DiskProject> {
  const { sourceBytes, minFreeBytes } = options;
  const megabytes = Math.round(minFreeBytes / 1e6);
  return await DiskProject.create({
    environment: engine.environment,
    services: servicesOf(options),
    sourceBytes,
    minFree: { low: `${megabytes}MB`, high: `${2 * megabytes}MB` },
  });
}

function servicesOf({ builds }: DiskSoakOptions): readonly string[] {
  return Array.from({ length: builds }, (_, index) => `part${index + 1}`);
}

async function playRound(
  engine: SecondEngine,
  built: Built,
  round: number,
  pipelines: readonly string[],
): Promise<DiskRound> {
  const { project } = built;
  await project.change();
  const startedMs = performance.now();
  using sampler = new DiskSampler(engine);
  const ended = await Promise.all(pipelines.map(async (name) => await project.start(["run", name]).done));
  const durationMs = performance.now() - startedMs;
  const exitCodes = ended.map(({ exitCode }) => exitCode);
  const good = exitCodes.every((code) => code === 0);
  if (good) await note(engine, built, round);
  const present = new Set(await engine.docker("image", "ls", "--all", "--no-trunc", "--format", "{{.ID}}"));
  const missing = expectedImages(built).filter((id) => !present.has(id));
  const output = good ? "" : ended.map((end) => end.output).join("\n---\n");
  const { leastFreeBytes } = sampler;
  return { round, exitCodes, durationMs, leastFreeBytes, images: present.size, missing, output };
}

/** Notes what is built now; every fifth round is released. */
async function note(engine: SecondEngine, { project, images, released }: Built, round: number): Promise<void> {
  const now: Record<string, string> = {};
  const format = "{{.Repository}} {{.Tag}} {{.ID}}";
  for (const line of await engine.docker("image", "ls", "--no-trunc", "--format", format)) {
    const [repository = "", tag, id = ""] = line.split(" ");
    const [owner, service] = repository.split("/");
    if (owner === project.name && service !== undefined && tag === project.tag) now[service] = id;
  }
  for (const [service, id] of Object.entries(now)) images.set(service, [id, ...(images.get(service) ?? [])]);
  if (round % 5 !== 1) return;
  released.unshift(now);
  await project.release(now);
}

function expectedImages({ images, released }: Built): readonly string[] {
  const newest = [...images.values()].flatMap((ids) => ids.slice(0, 2));
  return [...newest, ...released.slice(0, 2).flatMap((release) => Object.values(release))];
}
