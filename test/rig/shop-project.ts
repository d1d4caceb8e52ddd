import { randomBytes } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { docker, findFreePorts } from "./light-project.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const PARTS = ["docker", "docker-bake.hcl", "docker-bake.override.hcl", "examples/shop", "pipelines", ".dockerignore"];
const COMPOSE_PROJECTS = ["blue", "green", "development", "shared", "router"] as const;

/** Where a copy of the shop answers. */
export interface ShopPorts {
  readonly router: number;
  readonly preview: number;
  readonly development: number;
}

/**
 * A copy of the shop with a project name, ports, tags and a network of its own, so that a test never touches the shop of a user
 * on the same engine. Its budget for the build cache is so large that no clean-up of it removes a cache record of anybody.
 */
export class ShopProject implements AsyncDisposable {
  readonly directory: string;
  /** `orc-test-shop-…`, another one each time: two clones may test on one engine. */
  readonly project: string;
  readonly ports: ShopPorts;
  /** For every command line that runs in it. */
  readonly environment: Readonly<Record<string, string>>;

  private constructor(directory: string, project: string, ports: ShopPorts) {
    this.directory = directory;
    this.project = project;
    this.ports = ports;
    this.environment = { TAG: this.project, DEVELOPMENT_PORT: String(ports.development) };
  }

  static async create(): Promise<ShopProject> {
    const directory = await mkdtemp(path.join(tmpdir(), "orc-test-shop-"));
    const [router = 0, preview = 0, development = 0] = await findFreePorts(3);
    const project = `orc-test-shop-${randomBytes(4).toString("hex")}`;
    const shop = new ShopProject(directory, project, { router, preview, development });
    for (const part of PARTS) {
      await cp(path.join(ROOT, part), path.join(directory, part), {
        recursive: true,
        force: true,
        filter: (source) => !/\/(node_modules|dist|\.venv)$/.test(source),
      }).catch((error: NodeJS.ErrnoException) => {
        // There is no override where base images can be pulled.
        if (error.code !== "ENOENT" || part !== "docker-bake.override.hcl") throw error;
      });
    }
    await shop.#rename();
    return shop;
  }

  async #rename(): Promise<void> {
    for (const name of ["shared", "blue", "green"]) {
      await this.#edit(`docker/compose.${name}.yaml`, (text) => text.replaceAll("shop-data", `${this.project}-data`));
    }
    await this.#edit("docker/build-config.json", (text) =>
      text
        .replace('"project": "shop"', `"project": "${this.project}"`)
        .replace('"port": 8080 }', `"port": ${this.ports.development} }`)
        .replace('"port": 8000', `"port": ${this.ports.router}`)
        .replace('"preview_port": 8001', `"preview_port": ${this.ports.preview}`)
        .replace('"max_cache": "10GB"', '"max_cache": "100TB"')
        .replace('"max_cache": "5GB"', '"max_cache": "100TB"'),
    );
  }

  async #edit(file: string, change: (text: string) => string): Promise<void> {
    const place = path.join(this.directory, file);
    const before = await readFile(place, "utf8");
    const after = change(before);
    if (after === before) throw new Error(`the edit of ${file} changes nothing`);
    await writeFile(place, after);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of COMPOSE_PROJECTS) {
      const filter = `label=com.docker.compose.project=${this.project}-${name}`;
      await removeAll(["ps", "-aq", "--filter", filter], ["rm", "--force", "--volumes"]);
      await removeAll(["network", "ls", "-q", "--filter", filter], ["network", "rm"]);
      await removeAll(["volume", "ls", "-q", "--filter", filter], ["volume", "rm"]);
    }
    await removeAll(
      ["image", "ls", "-q", "--filter", `label=dev.orchestrate.project=${this.project}`],
      ["image", "rm", "--force"],
    );
    await rm(this.directory, { recursive: true, force: true });
  }
}

async function removeAll(list: readonly string[], remove: readonly string[]): Promise<void> {
  const ids = [...new Set(await docker(...list))];
  if (ids.length > 0) await docker(...remove, ...ids);
}
