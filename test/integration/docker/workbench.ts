import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { Engine } from "../../../src/docker/engine.ts";
import { openEngine } from "../../../src/docker/engine.ts";
import { docker } from "../../rig/light-project.ts";

const run = promisify(execFile);
const EXAMPLE = path.join(import.meta.dirname, "../../../examples/light");

/**
 * A directory with a bake file and a static busybox, and a name that nothing else on the engine has. Disposing of it removes
 * the containers and images that carry the name, and nothing else.
 */
export class Workbench implements AsyncDisposable {
  /** Absolute. */
  readonly directory: string;
  /** `orc-test-…`: first part of image names, compose project, value of the label `dev.orchestrate.test`. */
  readonly name: string;
  readonly engine: Engine;

  private constructor(directory: string, name: string, engine: Engine) {
    this.directory = directory;
    this.name = name;
    this.engine = engine;
  }

  /** Makes the directory; the bake target `base` is a shell, and part of every other. */
  static async create(files: Readonly<Record<string, string>> = {}): Promise<Workbench> {
    await run("sh", [path.join(EXAMPLE, "scripts/busybox.sh")]);
    const directory = await mkdtemp(path.join(tmpdir(), "orc-test-docker-"));
    const name = `orc-test-${randomBytes(4).toString("hex")}`;
    await cp(path.join(EXAMPLE, ".busybox/busybox"), path.join(directory, "shell/busybox"), {
      preserveTimestamps: true,
    });
    const opened = await openEngine();
    if (!opened.ok) throw new Error(JSON.stringify(opened.failure));
    const workbench = new Workbench(directory, name, opened.value);
    await workbench.write("shell/Dockerfile", "FROM scratch\nCOPY busybox /bin/sh\nCOPY busybox /bin/busybox\n");
    for (const [file, text] of Object.entries(files)) await workbench.write(file, text);
    return workbench;
  }

  /** Writes a file; `NAME` in its text becomes the workbench's name. */
  async write(file: string, text: string): Promise<void> {
    const target = path.join(this.directory, file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, text.replaceAll("NAME", this.name));
  }

  /** Builds an image that can run, with the label and the name of the workbench, and returns its id. */
  async image(tag: string, content = this.name): Promise<string> {
    const dockerfile = [
      "FROM scratch",
      "COPY --from=shell busybox /bin/sh",
      "COPY --from=shell busybox /bin/busybox",
      `RUN echo ${content} > /content`,
      `LABEL dev.orchestrate.test=${this.name}`,
      "",
    ].join("\n");
    await this.write(`image-${tag}/Dockerfile`, dockerfile);
    const words = [
      "buildx",
      "build",
      "--quiet",
      "--provenance=false",
      "--build-context",
      `shell=${this.directory}/shell`,
    ];
    await docker(...words, "--tag", `${this.name}/image:${tag}`, path.join(this.directory, `image-${tag}`));
    const [id] = await docker("image", "inspect", "--format", "{{.Id}}", `${this.name}/image:${tag}`);
    return id ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]();
    const label = `label=dev.orchestrate.test=${this.name}`;
    for (const filter of [label, `label=com.docker.compose.project=${this.name}`]) {
      for (const id of await docker("ps", "-aq", "--filter", filter)) await docker("rm", "--force", "--volumes", id);
      for (const id of await docker("network", "ls", "-q", "--filter", filter)) await docker("network", "rm", id);
    }
    for (const filter of [label, `reference=${this.name}/*`]) {
      for (const id of new Set(await docker("image", "ls", "-q", "--filter", filter)))
        await docker("rmi", "--force", id);
    }
    await rm(this.directory, { recursive: true, force: true });
  }
}
