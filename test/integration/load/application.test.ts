import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { docker } from "../../rig/light-project.ts";
import { BUSY_AFTER_REQUESTS } from "../../rig/load/app/server/defect.ts";
import { renderPage } from "../../rig/load/app/server/answer-text.ts";
import { LoadProject } from "../../rig/load/load-project.ts";

let project: LoadProject;
const started: string[] = [];

beforeAll(async () => {
  project = await LoadProject.create();
  await project.build();
});

afterEach(async () => {
  if (started.length > 0) await docker("rm", "--force", ...started.splice(0));
});

afterAll(async () => {
  await project[Symbol.asyncDispose]();
});

interface Started {
  readonly id: string;
  readonly url: string;
}

/** Starts the application by itself and, unless it is not to become ready, waits until it answers. */
async function start(variables: Readonly<Record<string, string>>, ready = true): Promise<Started> {
  const settings = Object.entries({ COLOUR: "blue", ...variables }).flatMap(([name, value]) => [
    "--env",
    `${name}=${value}`,
  ]);
  const label = `dev.orchestrate.test=${project.project}`;
  const image = `${project.project}/web:latest`;
  const [id = ""] = await docker(
    ..."run --detach --init --publish 127.0.0.1::8080".split(" "),
    "--label",
    label,
    ...settings,
    image,
  );
  started.push(id);
  if (!ready) return { id, url: "" };
  const [address = ""] = await docker("port", id, "8080/tcp");
  const url = `http://${address}`;
  const answers = async (): Promise<boolean> =>
    await fetch(`${url}/healthz`).then(
      (answer) => answer.ok,
      () => false,
    );
  await expect.poll(answers, { timeout: 20_000 }).toBe(true);
  return { id, url };
}

async function get(url: string): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(url, { headers: { connection: "close" } });
  return { status: answer.status, text: await answer.text() };
}

async function exitCode(id: string): Promise<string | undefined> {
  return (await docker("wait", id))[0];
}

describe("the application of the load tests", () => {
  it("says who it is, and has no other pages", async () => {
    const { url } = await start({ RELEASE: "7" });
    expect(await get(`${url}/?n=5`)).toEqual({ status: 200, text: renderPage("web", "7", "blue", "5") });
    expect((await get(`${url}/nowhere`)).status).toBe(404);
  });

  it("finishes what is under way when it is told to end", async () => {
    const { id, url } = await start({});
    const underWay = get(`${url}/slow?n=1&ms=1500`);
    // A second request on another connection is answered: the slow one is under way by now.
    await get(url);
    await docker("kill", "--signal", "TERM", id);
    expect(await exitCode(id)).toBe("0");
    expect((await underWay).text).toBe(renderPage("web", "1", "blue", "1"));
  });

  it("drops what is under way when it dies at once", async () => {
    const { id, url } = await start({ DIE: "at-once" });
    const underWay = get(`${url}/slow?n=1&ms=30000`).then(
      () => "answered",
      () => "lost",
    );
    await get(url);
    await docker("kill", "--signal", "TERM", id);
    expect(await exitCode(id)).toBe("143");
    expect(await underWay).toBe("lost");
  });

  it("answers 500 to as many of a hundred as it is told, but not to its health check", async () => {
    const { url } = await start({ BREAKS: "errors:20" });
    const statuses: number[] = [];
    for (let index = 0; index < 100; index += 1) statuses.push((await get(url)).status);
    expect(statuses.filter((status) => status === 500)).toHaveLength(20);
    expect((await get(`${url}/healthz`)).status).toBe(200);
  });

  it("is slow, or wrong, as it is told", async () => {
    const slow = await start({ BREAKS: "slow:400" });
    const startedAtMs = performance.now();
    expect((await get(slow.url)).status).toBe(200);
    expect(performance.now() - startedAtMs).toBeGreaterThan(390);
    const wrong = await start({ BREAKS: "wrong-page" });
    expect(await get(wrong.url)).toEqual({ status: 200, text: "welcome to the default page\n" });
  });

  it("crashes after a time, or after a time with users", async () => {
    const soon = await start({ BREAKS: "crash:1" }, false);
    expect(await exitCode(soon.id)).toBe("70");
    const busy = await start({ BREAKS: "crash-busy:1" });
    for (let index = 0; index < BUSY_AFTER_REQUESTS; index += 1) await get(busy.url).catch(() => {});
    expect(await exitCode(busy.id)).toBe("70");
  });

  it("does not start", async () => {
    const { id } = await start({ BREAKS: "exit" }, false);
    expect(await exitCode(id)).toBe("3");
    const unknown = await start({ BREAKS: "sulks" }, false);
    expect(await exitCode(unknown.id)).toBe("64");
  });

  it("takes what is broken from its image, and its own health check sees that it never gets ready", async () => {
    await project.release("2", { breaks: "never-ready" });
    await project.build();
    const { id } = await start({}, false);
    const probes = async (): Promise<number> => {
      const [health = "{}"] = await docker("inspect", "--format", "{{json .State.Health.Log}}", id);
      return health.split('"ExitCode":1').length - 1;
    };
    await expect.poll(probes, { timeout: 20_000 }).toBeGreaterThan(2);
    expect(await docker("inspect", "--format", "{{.State.Health.Status}}", id)).toEqual(["starting"]);
  });

  it("is healthy when it is not broken", async () => {
    await project.release("3");
    await project.build();
    const { id, url } = await start({});
    const health = async (): Promise<readonly string[]> =>
      await docker("inspect", "--format", "{{.State.Health.Status}}", id);
    await expect.poll(health, { timeout: 20_000 }).toEqual(["healthy"]);
    expect((await get(url)).text).toContain("release 3 in environment blue");
  });
});
