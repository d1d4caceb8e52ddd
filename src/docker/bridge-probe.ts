import { copyFile, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Engine } from "./engine.ts";
import type { HealthFinding, HealthOptions } from "./health-finding.ts";
import { runCommand } from "./command.ts";
import { findPlugin } from "./plugins.ts";

/** Where systems keep a busybox; usable only when it needs no shared library. */
const BUSYBOXES = ["/bin/busybox", "/usr/bin/busybox", "/bin/busybox.static", "/usr/lib/initramfs-tools/bin/busybox"];
/** Small images that many engines have; used where there is no busybox. */
const SHELL_IMAGES = ["busybox:latest", "alpine:latest", "orchestrate.local/busybox:1"];
const ELF_HEAD_BYTES = 4_096;
const PT_INTERP = 3;

/**
 * Whether a RUN on the default network works: a build of one step with a busybox from this machine, or from an image that is
 * there already; nothing is pulled. The step is never cached and its image is not kept.
 */
export async function probeBridge(engine: Engine, options: HealthOptions): Promise<Omit<HealthFinding, "probe">> {
  const directory = await mkdtemp(path.join(tmpdir(), "orchestrate-probe-"));
  try {
    const dockerfile = await writeProbe(engine, directory, options);
    if (dockerfile === undefined) {
      return {
        state: "not-probed",
        summary: "there is no static busybox and no small image to build with",
        evidence: [],
        remedy: "install the package busybox-static, or `docker pull busybox`",
      };
    }
    return await buildProbe(engine, directory, options);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function writeProbe(engine: Engine, directory: string, options: HealthOptions): Promise<string | undefined> {
  const file = path.join(directory, "Dockerfile");
  for (const candidate of [...(options.busybox === undefined ? [] : [options.busybox]), ...BUSYBOXES]) {
    if (!(await isStatic(candidate))) continue;
    await copyFile(candidate, path.join(directory, "busybox"));
    await writeFile(file, 'FROM scratch\nCOPY busybox /busybox\nRUN ["/busybox", "true"]\n');
    return file;
  }
  for (const image of SHELL_IMAGES) {
    const found = await engine.inspectImage(image, { signal: options.signal });
    if (!found.ok || found.value === undefined) continue;
    await writeFile(file, `FROM ${image}\nRUN ["/bin/busybox", "true"]\n`);
    return file;
  }
  return undefined;
}

async function buildProbe(
  engine: Engine,
  directory: string,
  options: HealthOptions,
): Promise<Omit<HealthFinding, "probe">> {
  const command = ["build", "--progress=plain", "--no-cache", "--output=type=cacheonly", directory];
  const result = await runCommand(
    {
      arguments: [...findPlugin("buildx").command, ...command],
      environment: engine.endpoint.cliEnvironment,
      shownAs: "docker buildx build --no-cache DIRECTORY",
    },
    options.signal === undefined ? {} : { signal: options.signal },
  );
  const evidence = result.evidence.lastLines.filter((line) => line.startsWith("ERROR") || / ERROR:|bridge/.test(line));
  if (result.outcome === "exited" && result.exitCode === 0) {
    return { state: "ok", summary: "a build with a RUN works on the default network", evidence: [] };
  }
  const bridge = evidence.some((line) => /bridge|docker0|network/i.test(line));
  return {
    state: "failed",
    summary: bridge ? "a RUN finds no default bridge" : "a build with a RUN fails",
    evidence: evidence.length > 0 ? evidence : result.evidence.lastLines,
    remedy: bridge
      ? "restart the engine; where docker0 was deleted: `sudo ip link add docker0 type bridge && sudo ip addr add 172.17.0.1/16 dev docker0 && sudo ip link set docker0 up`"
      : "the lines above are BuildKit's own; `docker buildx build` of any Dockerfile with a RUN shows the same",
  };
}

/** Whether the file is an ELF program that asks for no loader, so that it runs in an empty image. */
async function isStatic(file: string): Promise<boolean> {
  const handle = await open(file).catch(() => undefined);
  if (handle === undefined) return false;
  try {
    const head = Buffer.alloc(ELF_HEAD_BYTES);
    await handle.read(head, 0, ELF_HEAD_BYTES, 0);
    return isStaticElf(head);
  } finally {
    await handle.close();
  }
}

/** Reads the program headers at the start of a little-endian 64-bit ELF file; false for anything else. */
export function isStaticElf(head: Buffer): boolean {
  const isElf = head.length >= 64 && head.readUInt32BE(0) === 0x7f454c46 && head[4] === 2 && head[5] === 1;
  if (!isElf) return false;
  const offset = Number(head.readBigUInt64LE(32));
  const size = head.readUInt16LE(54);
  const count = head.readUInt16LE(56);
  if (size === 0 || offset + size * count > head.length) return false;
  for (let index = 0; index < count; index += 1) {
    if (head.readUInt32LE(offset + index * size) === PT_INTERP) return false;
  }
  return count > 0;
}
