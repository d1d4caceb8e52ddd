import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { docker, findFreePorts } from "../light-project.ts";

const run = promisify(execFile);
const APPLICATION = path.join(import.meta.dirname, "app");
/** Written into the copy instead of `load`, everywhere where the application names itself. */
const NAME = "load";
/** Where nothing can be pulled, scripts/base-images.sh has made this one. */
const LOCAL_BASE = "orchestrate.local/node:24-bookworm-slim";
/** Compose projects that a test may have started, after the name of the project and a dash. */
const COMPOSE_PROJECTS = ["blue", "green", "shared", "router", "in-place"];

/** What the next build makes. */
export interface LoadRelease {
  /** A defect as app/server/defect.ts reads it: `errors:20`. Default: none. */
  readonly breaks?: string;
  /** How it ends at SIGTERM. Default: it finishes what is under way. */
  readonly dies?: "graceful" | "at-once";
}

/**
 * A copy of test/rig/load/app with a project name and ports of its own. Disposing of it removes the containers, networks,
 * volumes and images that carry its name, and nothing else.
 */
export class LoadProject implements AsyncDisposable {
  /** Absolute. */
  readonly directory: string;
  /** `orc-test-…` */
  readonly project: string;
  /** The router's entrances, and the one of a service without a router. */
  readonly ports: { readonly router: number; readonly preview: number; readonly inPlace: number };

  readonly #isCopy: boolean;

  private constructor(directory: string, project: string, ports: LoadProject["ports"], isCopy = false) {
    this.#isCopy = isCopy;
    this.directory = directory;
    this.project = project;
    this.ports = ports;
  }

  /** Copies the application and gives the copy names and ports of its own. Nothing is built yet. */
  static async create(): Promise<LoadProject> {
    const directory = await mkdtemp(path.join(tmpdir(), "orc-test-load-"));
    const project = `orc-test-${randomBytes(4).toString("hex")}`;
    const [router, preview, inPlace] = await findFreePorts(3);
    if (router === undefined || preview === undefined || inPlace === undefined) throw new Error("no free ports");
    await cp(APPLICATION, directory, { recursive: true });
    const load = new LoadProject(directory, project, { router, preview, inPlace });
    await load.edit("docker-bake.hcl", (text) => text.replace(`default = "${NAME}"`, `default = "${project}"`));
    if ((await docker("image", "ls", "-q", LOCAL_BASE)).length > 0) {
      await load.edit("docker-bake.hcl", (text) => text.replace("node:24-bookworm-slim", LOCAL_BASE));
    }
    await load.edit("docker/compose.service.yaml", (text) => text.replaceAll(`image: ${NAME}/`, `image: ${project}/`));
    await load.edit("docker/build-config.json", (text) =>
      text
        .replace(`"project": "${NAME}"`, `"project": "${project}"`)
        .replace("18080", String(router))
        .replace("18090", String(preview)),
    );
    return load;
  }

  /** The same project as another machine has it: files of its own, which alone it disposes of, and nothing of what was recorded here. */
  async checkOut(): Promise<LoadProject> {
    const directory = await mkdtemp(path.join(tmpdir(), "orc-test-load-"));
    const kept = (file: string): boolean => ![".state", "logs"].includes(path.relative(this.directory, file));
    await cp(this.directory, directory, { recursive: true, filter: kept });
    return new LoadProject(directory, this.project, this.ports, true);
  }

  /** `http://127.0.0.1:port` of an entrance. */
  url(entrance: keyof LoadProject["ports"] = "router"): string {
    return `http://127.0.0.1:${this.ports[entrance]}`;
  }

  /** Text of a file of the copy. */
  async read(file: string): Promise<string> {
    return await readFile(path.join(this.directory, file), "utf8");
  }

  /** Creates or replaces a file of the copy. */
  async write(file: string, text: string): Promise<void> {
    await writeFile(path.join(this.directory, file), text);
  }

  /** Changes a file of the copy; fails when the edit changes nothing, because then the test would not test what it says. */
  async edit(file: string, change: (text: string) => string): Promise<void> {
    const before = await this.read(file);
    const after = change(before);
    if (after === before) throw new Error(`the edit of ${file} changes nothing`);
    await this.write(file, after);
  }

  /** Writes what the next build makes. It is built into the images, so a restart or a way back to it finds it as it was. */
  async release(name: string, { breaks = "", dies = "graceful" }: LoadRelease = {}): Promise<void> {
    const values = { LOAD_RELEASE: name, LOAD_BREAKS: breaks, LOAD_DIE: dies };
    let text = await this.read("docker-bake.hcl");
    for (const [variable, value] of Object.entries(values)) {
      text = text.replace(new RegExp(`(variable "${variable}" \\{\\s*default = )"[^"]*"`), `$1"${value}"`);
      if (!text.includes(`default = "${value}"`)) throw new Error(`docker-bake.hcl has no variable ${variable}`);
    }
    await this.write("docker-bake.hcl", text);
  }

  /** Builds the images as docker would, for tests without the program. */
  async build(): Promise<void> {
    await run("docker", ["buildx", "bake", "--progress=quiet", "--load"], {
      cwd: this.directory,
      env: { ...process.env, BUILDX_NO_DEFAULT_ATTESTATIONS: "1" },
    });
  }

  /** Runs `docker compose` on the project `NAME-part` with the files of that part, as a user without the program would. */
  async compose(part: "blue" | "green" | "in-place", ...words: readonly string[]): Promise<void> {
    const file = path.join(this.directory, `docker/compose.${part}.yaml`);
    await run("docker", ["compose", "-p", `${this.project}-${part}`, "-f", file, ...words], {
      cwd: this.directory,
      env: { ...process.env, WEB_PORT: String(this.ports.inPlace) },
    });
  }

  /** `service:state` of each container of an environment, sorted. */
  async containers(environment: string): Promise<readonly string[]> {
    const filter = `label=com.docker.compose.project=${this.project}-${environment}`;
    const format = '{{.Label "com.docker.compose.service"}}:{{.State}}';
    return (await docker("ps", "-a", "--filter", filter, "--format", format)).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isCopy) await this.#removeFromEngine();
    await rm(this.directory, { recursive: true, force: true });
  }

  async #removeFromEngine(): Promise<void> {
    // A router reaches into the networks of the colours, and they into its own: containers go first.
    for (const part of COMPOSE_PROJECTS) await this.#remove(part, ["ps", "-aq"], ["rm", "--force", "--volumes"]);
    for (const part of COMPOSE_PROJECTS) await this.#remove(part, ["network", "ls", "-q"], ["network", "rm"]);
    for (const part of COMPOSE_PROJECTS) await this.#remove(part, ["volume", "ls", "-q"], ["volume", "rm"]);
    // The lock of a deploy that was killed belongs to no compose project.
    const locks = await docker("ps", "-aq", "--filter", `name=^${this.project}-`);
    if (locks.length > 0) await docker("rm", "--force", ...locks).catch(() => []);
    const byName = await docker("image", "ls", "-q", "--filter", `reference=${this.project}/*`);
    const byLabel = await docker("image", "ls", "-q", "--filter", `label=dev.orchestrate.test=${this.project}`);
    const images = [...new Set([...byName, ...byLabel])];
    if (images.length > 0) await docker("image", "rm", "--force", ...images).catch(() => []);
  }

  async #remove(part: string, list: readonly string[], remove: readonly string[]): Promise<void> {
    const ids = await docker(...list, "--filter", `label=com.docker.compose.project=${this.project}-${part}`);
    if (ids.length > 0) await docker(...remove, ...ids).catch(() => []);
  }
}
