import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ComposeProject } from "../../../src/docker/compose.ts";
import {
  downProject,
  listProjectContainers,
  loadComposeProject,
  pinImages,
  stopProject,
  upProject,
} from "../../../src/docker/compose.ts";
import { docker, findFreePorts } from "../../rig/light-project.ts";
import { findProcesses } from "../../rig/processes.ts";
import { Workbench } from "./workbench.ts";

const COMPOSE_FILE = `
services:
  web:
    image: \${IMAGE:-NAME/none:1}
    command: ["/bin/sh", "-c", "echo ready; exec busybox sleep 1000"]
    stop_grace_period: 0s
    labels: { dev.orchestrate.test: NAME }
    ports: ["127.0.0.1:\${PORT:?no port}:80"]
    networks: [alone]
networks: { alone: { labels: { dev.orchestrate.test: NAME } } }
`;
const WAITING = `
services:
  once:
    image: NAME/image:compose
    command: ["/bin/busybox", "sleep", "1000"]
    stop_grace_period: 0s
    labels: { dev.orchestrate.test: NAME }
    network_mode: none
  web:
    image: NAME/image:compose
    command: ["/bin/sh"]
    labels: { dev.orchestrate.test: NAME }
    network_mode: none
    depends_on: { once: { condition: service_completed_successfully } }
`;

let bench: Workbench;
let image = "";
let port = 0;
beforeAll(async () => {
  bench = await Workbench.create({ "compose.yaml": COMPOSE_FILE, "waiting.yaml": WAITING });
  image = await bench.image("compose");
  [port = 0] = await findFreePorts(1);
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

function project(parts: Partial<ComposeProject> = {}): ComposeProject {
  return {
    project: bench.name,
    files: ["compose.yaml"],
    workingDirectory: bench.directory,
    variables: { PORT: String(port) },
    ...parts,
  };
}

async function states(name: string): Promise<unknown> {
  const listed = await listProjectContainers(bench.engine, name);
  if (!listed.ok) return listed.failure;
  return listed.value.map(({ service, containerNumber, state, imageId }) => [service, containerNumber, state, imageId]);
}

describe("a compose project", () => {
  it("is loaded with its variables", async () => {
    const loaded = await loadComposeProject(project({ variables: { PORT: "81", IMAGE: "a/b:1" } }));
    expect(loaded).toMatchObject({
      ok: true,
      value: {
        name: bench.name,
        services: [{ name: "web", image: "a/b:1", ports: [{ target: 80, published: "81", hostIp: "127.0.0.1" }] }],
      },
    });
  });

  it("starts with the images it is pinned to, stays when nothing changed, stops, and goes", async () => {
    const override = pinImages({ web: image });
    const lines: string[] = [];
    expect(await upProject(project(), { override, onLine: (line) => lines.push(line) })).toEqual({
      ok: true,
      value: undefined,
    });
    expect(lines.join("\n")).toMatch(/web-1\s+Started/);
    expect(await states(bench.name)).toEqual([["web", 1, "running", image]]);
    const [before] = await docker("ps", "-q", "--filter", `label=com.docker.compose.project=${bench.name}`);
    await upProject(project(), { override });
    expect(await docker("ps", "-q", "--filter", `label=com.docker.compose.project=${bench.name}`)).toEqual([before]);
    expect(await bench.engine.containerLogTail(before ?? "", 5)).toEqual({ ok: true, value: ["ready"] });

    expect((await stopProject(project(), { timeoutSeconds: 1 })).ok).toBe(true);
    expect(await states(bench.name)).toEqual([["web", 1, "exited", image]]);
    expect((await downProject(project())).ok).toBe(true);
    expect(await states(bench.name)).toEqual([]);
  });

  it("removes services that its files no longer name, unless told otherwise", async () => {
    const name = `${bench.name}-orphans`;
    const service = (tag: string): string =>
      `{image: "${image}", command: ["/bin/sh"], network_mode: none, labels: {dev.orchestrate.test: NAME, t: ${tag}}}`;
    await bench.write("two.yaml", `services: {a: ${service("a")}, b: ${service("b")}}\n`);
    await bench.write("one.yaml", `services: {a: ${service("a")}}\n`);
    const named = async (): Promise<unknown> => {
      const listed = await listProjectContainers(bench.engine, name);
      return listed.ok && listed.value.map((container) => container.service);
    };
    await upProject(project({ project: name, files: ["two.yaml"] }));
    await upProject(project({ project: name, files: ["one.yaml"] }), { removeOrphans: false });
    expect(await named()).toEqual(["a", "b"]);
    await upProject(project({ project: name, files: ["one.yaml"] }));
    expect(await named()).toEqual(["a"]);
    await downProject(project({ project: name, files: ["one.yaml"] }));
  });
});

describe("a compose project that does not start", () => {
  it("tells what compose said about its files, and shows the command as a user would type it", async () => {
    const missing = await loadComposeProject(project({ files: ["none.yaml"] }));
    expect(missing).toMatchObject({
      failure: {
        reason: "compose-failed",
        project: bench.name,
        evidence: {
          command: `docker compose -p ${bench.name} -f none.yaml config --format json`,
          lastLines: [expect.stringContaining("none.yaml: no such file or directory")],
        },
      },
    });
    const unset = await loadComposeProject(project({ variables: {} }));
    expect(unset).toMatchObject({
      failure: { reason: "compose-failed", evidence: { lastLines: [expect.stringContaining("no port")] } },
    });
  });

  it("tells that a port is taken", async () => {
    const name = `${bench.name}-second`;
    const label = `dev.orchestrate.test=${bench.name}`;
    const published = `127.0.0.1:${port}:80`;
    const [first = ""] = await docker(
      "run",
      "-d",
      "--label",
      label,
      "-p",
      published,
      image,
      "/bin/busybox",
      "sleep",
      "1000",
    );
    const result = await upProject(project({ project: name }), { override: pinImages({ web: image }) });
    expect(result).toMatchObject({
      failure: {
        reason: "compose-failed",
        evidence: {
          exitCode: 1,
          lastLines: expect.arrayContaining([
            expect.stringMatching(/port is already allocated|address already in use/),
          ]),
        },
      },
    });
    await docker("rm", "--force", first);
    await downProject(project({ project: name }));
  });

  it("never pulls what it is pinned to, and tells an engine that is not there", async () => {
    const gone = pinImages({ web: `sha256:${"0".repeat(64)}` });
    expect(await upProject(project({ project: `${bench.name}-gone` }), { override: gone })).toMatchObject({
      failure: {
        reason: "compose-failed",
        evidence: { lastLines: expect.arrayContaining([expect.stringMatching(/^Error response.*No such image/)]) },
      },
    });
    await downProject(project({ project: `${bench.name}-gone` }));
    const environment = { DOCKER_HOST: "unix:///orc-test-none.sock" };
    expect(await upProject(project({ environment }), { override: pinImages({ web: image }) })).toMatchObject({
      failure: { reason: "engine-unreachable", endpoint: "unix:///orc-test-none.sock" },
    });
  });

  it("leaves no compose process when it is cancelled while a service waits for another", async () => {
    const name = `${bench.name}-waiting`;
    const waiting = project({ project: name, files: ["waiting.yaml"], variables: { MARK: name } });
    const controller = new AbortController();
    const result = await upProject(waiting, {
      signal: controller.signal,
      onLine: (line) => {
        if (/once-1\s+(Started|Waiting)/.test(line)) controller.abort();
      },
    });
    expect(result).toMatchObject({ failure: { reason: "command-failed", evidence: { signal: "SIGTERM" } } });
    expect(findProcesses(name).filter((seen) => seen.command.includes("compose"))).toEqual([]);
    expect((await downProject(waiting)).ok).toBe(true);
    expect(await states(name)).toEqual([]);
  });
});
