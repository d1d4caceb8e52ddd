import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { openStore } from "../../src/state/store.ts";
import { cliCommand, startCli } from "./cli.ts";
import type { CliProcess } from "./cli.ts";

const CHUNK_BYTES = 1_000_000;

/** How the project is made. */
export interface DiskProjectOptions {
  /** For the environment of every command. */
  readonly environment: Readonly<Record<string, string>>;
  /** Services with an image each. */
  readonly services: readonly string[];
  /** What each source consists of: random bytes, so that no store can make them fewer. */
  readonly sourceBytes: number;
  /** `min_free` of the clean-up policies. */
  readonly minFree: { readonly low: string; readonly high: string };
  /** `resources: { disk }` of the build. */
  readonly declaredDisk?: string;
  readonly minAge?: string;
}

/**
 * A project whose images are nothing but a large source that changes each time. Needs no base image and no network. The pipeline `build` builds
 * all services, and one of the name of each service that one.
 */
export class DiskProject implements AsyncDisposable {
  readonly directory: string;
  readonly name: string;
  readonly #options: DiskProjectOptions;
  #version = 0;

  private constructor(directory: string, name: string, options: DiskProjectOptions) {
    this.directory = directory;
    this.name = name;
    this.#options = options;
  }

  /** Writes its files; the sources are empty. */
  static async create(options: DiskProjectOptions): Promise<DiskProject> {
    const name = `orc-test-${randomBytes(4).toString("hex")}`;
    const project = new DiskProject(await mkdtemp(path.join(tmpdir(), "orc-test-disk-")), name, options);
    const targets = options.services.map(
      (service) => `target "${service}" {\n  context = "${service}"\n  tags = ["${name}/${service}:\${VERSION}"]\n}\n`,
    );
    await project.#write(
      "docker-bake.hcl",
      `variable "VERSION" {}\ngroup "default" {\n  targets = ${JSON.stringify(options.services)}\n}\n${targets.join("")}`,
    );
    const minAge = options.minAge ?? "0s";
    const policy = { min_free: options.minFree, min_age: minAge, keep_images: 2 };
    const services = Object.fromEntries(options.services.map((service) => [service, {}]));
    const cleanup = { normal: policy, aggressive: { ...policy, max_cache: "0B" } };
    await project.#write("docker/build-config.json", JSON.stringify({ project: name, services, cleanup }));
    await project.#writePipeline("build", "default");
    for (const service of options.services) await project.#writePipeline(service, service);
    for (const service of options.services) {
      await project.#write(`${service}/Dockerfile`, "FROM scratch\nCOPY source /source\n");
      await project.#write(`${service}/source`, "");
    }
    return project;
  }

  /** The tag that images get: another one for each source, because the containerd store forgets an image whose tag has moved. */
  get tag(): string {
    return `v${this.#version}`;
  }

  /** For the environment of a bake that somebody else calls. */
  get environment(): Readonly<Record<string, string>> {
    return { ...this.#options.environment, VERSION: this.tag };
  }

  /** Gives every service another source, and the images another tag. */
  async change(): Promise<void> {
    this.#version += 1;
    for (const service of this.#options.services) {
      const file = await open(path.join(this.directory, service, "source"), "w");
      for (let written = 0; written < this.#options.sourceBytes; written += CHUNK_BYTES) {
        await file.write(randomBytes(Math.min(CHUNK_BYTES, this.#options.sourceBytes - written)));
      }
      await file.close();
    }
  }

  /** Types a command. */
  start(argv: readonly string[]): CliProcess {
    return startCli(argv, { cwd: this.directory, env: this.environment });
  }

  /** Replaces a file. */
  async write(file: string, text: string): Promise<void> {
    await this.#write(file, text);
  }

  /** Notes in the state that these images are a release, as a deploy would. */
  async release(images: Readonly<Record<string, string>>): Promise<void> {
    const { environment } = cliCommand({ cwd: this.directory });
    const root = environment["ORCHESTRATE_STATE_DIR"] ?? "";
    const [below] = await readdir(root);
    const opened = await openStore(path.join(root, below ?? ""), Date.now());
    if (!opened.ok) throw new Error(opened.problem);
    using store = opened.store;
    const deployId = `d-${randomBytes(4).toString("hex")}`;
    const startedAtMs = Date.now();
    const release = { deployId, runId: "run", project: this.name, colour: "green" as const, images, startedAtMs };
    const begun = store.releases.beginRelease({ ...release, fingerprint: deployId, unverified: [] });
    const ended = store.releases.recordTransition(deployId, { mark: "end", end: "done" }, startedAtMs);
    if (!begun.ok || !ended.ok) throw new Error(JSON.stringify([begun, ended]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  async #writePipeline(name: string, target: string): Promise<void> {
    const { declaredDisk } = this.#options;
    const resources = declaredDisk === undefined ? "" : `\n    resources: { disk: ${declaredDisk} }`;
    const tasks = `tasks:\n  images:\n    build: { targets: [${target}] }${resources}\n`;
    await this.#write(`pipelines/${name}.yaml`, `name: ${name}\n${tasks}`);
  }

  async #write(file: string, text: string): Promise<void> {
    const target = path.join(this.directory, file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, text);
  }
}
