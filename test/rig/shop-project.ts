import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { docker, findFreePorts } from "./light-project.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const PARTS = ["docker", "docker-bake.hcl", "docker-bake.override.hcl", "examples/shop", "pipelines", ".dockerignore"];
const ENVIRONMENTS = ["blue", "green", "development"] as const;

/** One of the shop's environments. */
export type ShopEnvironment = (typeof ENVIRONMENTS)[number];

/**
 * A copy of the shop with a project name, ports, tags and a network of its own, so that a test never touches the shop of a user
 * on the same engine. Its budget for the build cache is so large that no clean-up of it removes a cache record of anybody.
 */
export class ShopProject implements AsyncDisposable {
  readonly directory: string;
  readonly project = "orc-test-shop";
  readonly ports: Readonly<Record<ShopEnvironment, number>>;
  /** For every command line that runs in it. */
  readonly environment: Readonly<Record<string, string>>;

  private constructor(directory: string, ports: Readonly<Record<ShopEnvironment, number>>) {
    this.directory = directory;
    this.ports = ports;
    this.environment = {
      TAG: this.project,
      BLUE_PORT: String(ports.blue),
      GREEN_PORT: String(ports.green),
      DEVELOPMENT_PORT: String(ports.development),
    };
  }

  static async create(): Promise<ShopProject> {
    const directory = await mkdtemp(path.join(tmpdir(), "orc-test-shop-"));
    const [blue = 0, green = 0, development = 0] = await findFreePorts(3);
    const shop = new ShopProject(directory, { blue, green, development });
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
    const file = path.join(this.directory, "docker/build-config.json");
    const config: unknown = JSON.parse(await readFile(file, "utf8"));
    if (typeof config !== "object" || config === null || !("environments" in config))
      throw new Error(`${file} has no environments`);
    const { environments } = config;
    const changed = {
      ...config,
      project: this.project,
      cache: { max: "100TB", aggressive_max: "100TB" },
      environments: Object.fromEntries(
        Object.entries(environments ?? {}).map(([name, settings]: [string, object]) => [
          name,
          { ...settings, port: this.#port(name) },
        ]),
      ),
    };
    await writeFile(file, JSON.stringify(changed, undefined, 2));
  }

  #port(name: string): number {
    const environment = ENVIRONMENTS.find((known) => known === name);
    if (environment === undefined) throw new Error(`the test knows no environment ${name}`);
    return this.ports[environment];
  }

  async #edit(file: string, change: (text: string) => string): Promise<void> {
    const place = path.join(this.directory, file);
    const before = await readFile(place, "utf8");
    const after = change(before);
    if (after === before) throw new Error(`the edit of ${file} changes nothing`);
    await writeFile(place, after);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...ENVIRONMENTS, "shared"]) {
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
