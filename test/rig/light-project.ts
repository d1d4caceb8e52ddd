import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const EXAMPLE = path.join(import.meta.dirname, "../../examples/light");
/** Written into the copy instead of `light`, everywhere where the example names itself. */
const NAME = "light";

/**
 * A copy of examples/light with a project name and ports of its own, so that tests run side by side on one engine. Disposing
 * of it removes the containers, networks, volumes and images that carry its name, and nothing else; cache records stay.
 */
export class LightProject implements AsyncDisposable {
  /** Absolute. */
  readonly directory: string;
  /** Name of the project, first part of its images' names and of its compose projects: `orc-test-…`. */
  readonly project: string;
  readonly ports: { readonly blue: number; readonly green: number };

  private constructor(directory: string, project: string, ports: { readonly blue: number; readonly green: number }) {
    this.directory = directory;
    this.project = project;
    this.ports = ports;
  }

  /** Copies the example and gives the copy names and ports of its own. */
  static async create(): Promise<LightProject> {
    await run("sh", [path.join(EXAMPLE, "scripts/busybox.sh")]);
    const directory = await mkdtemp(path.join(tmpdir(), "orc-test-light-"));
    const project = `orc-test-${randomBytes(4).toString("hex")}`;
    const [blue, green] = await findFreePorts(2);
    if (blue === undefined || green === undefined) throw new Error("no free ports");
    await cp(EXAMPLE, directory, { recursive: true, filter: (source) => !/\/(logs|\.orchestrate)$/.test(source) });
    const light = new LightProject(directory, project, { blue, green });
    await light.edit("docker-bake.hcl", (text) => text.replace(`default = "${NAME}"`, `default = "${project}"`));
    await light.edit("docker/build-config.json", (text) =>
      text
        .replace(`"project": "${NAME}"`, `"project": "${project}"`)
        .replaceAll("18081", String(blue))
        .replaceAll("18082", String(green)),
    );
    for (const file of ["blue", "green", "service", "shared"]) {
      await light.edit(`docker/compose.${file}.yaml`, (text) => text.replaceAll(`\${LIGHT_PREFIX:-${NAME}}`, project));
    }
    return light;
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

  /** What the environment's page says. */
  async page(environment: "blue" | "green", place = "/"): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.ports[environment]}${place}`, {
      headers: { connection: "close" },
      signal: AbortSignal.timeout(5_000),
    });
    return await response.text();
  }

  /** `service:state` of each container of an environment (or `shared`), sorted. */
  async containers(environment: string): Promise<readonly string[]> {
    const filter = `label=com.docker.compose.project=${this.project}-${environment}`;
    const format = '{{.Label "com.docker.compose.service"}}:{{.State}}';
    return (await docker("ps", "-a", "--filter", filter, "--format", format)).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const environment of ["blue", "green", "development", "shared", "router"]) {
      const filter = `label=com.docker.compose.project=${this.project}-${environment}`;
      await removeAll(["ps", "-aq", "--filter", filter], ["rm", "--force", "--volumes"]);
      await removeAll(["network", "ls", "-q", "--filter", filter], ["network", "rm"]);
      await removeAll(["volume", "ls", "-q", "--filter", filter], ["volume", "rm"]);
    }
    const byLabel = ["image", "ls", "-q", "--filter", `label=dev.orchestrate.project=${this.project}`];
    await removeAll(byLabel, ["image", "rm", "--force"]);
    await removeAll(["image", "ls", "-q", "--filter", `reference=${this.project}/*`], ["image", "rm", "--force"]);
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Output lines of a docker command. */
export async function docker(...words: readonly string[]): Promise<string[]> {
  const { stdout } = await run("docker", words);
  return stdout.split("\n").filter((line) => line !== "");
}

async function removeAll(list: readonly string[], remove: readonly string[]): Promise<void> {
  const ids = [...new Set(await docker(...list))];
  // An untagged parent may go with its child; what is left is asked for again by the next caller.
  if (ids.length > 0) await docker(...remove, ...ids).catch(() => []);
}

/** Ports that nothing listens on now, all different. */
export async function findFreePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(
    servers.map(async (server) => {
      await new Promise((resolve) => server.close(resolve));
    }),
  );
  return ports;
}
