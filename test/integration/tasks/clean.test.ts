import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../../src/docker/engine.ts";
import type { CleanupPlan } from "../../../src/model/cleanup.ts";
import type { ObservedCacheRecord } from "../../../src/model/observation.ts";
import { planClean } from "../../../src/tasks/clean.ts";
import { LightProject, docker } from "../../rig/light-project.ts";
import { LightTasks } from "./light-tasks.ts";

let light: LightProject;
let tasks: LightTasks;

beforeAll(async () => {
  light = await LightProject.create();
  tasks = await LightTasks.open(light);
});

afterAll(async () => {
  await docker("image", "rm", `${light.project}-foreign:1`).catch(() => []);
  await tasks[Symbol.asyncDispose]();
  await light[Symbol.asyncDispose]();
});

/** Image IDs of a service, newest first. */
async function imagesOf(service: string): Promise<readonly string[]> {
  const labels = [`dev.orchestrate.project=${light.project}`, `dev.orchestrate.service=${service}`];
  const filters = labels.flatMap((label) => ["--filter", `label=${label}`]);
  const ids = await docker("image", "ls", "-q", "--no-trunc", ...filters);
  return [...new Set(ids)];
}

async function buildRelease(release: number, service = "web"): Promise<string> {
  await light.write(`services/${service}/release`, `${release}\n`);
  const result = await tasks.perform(tasks.buildTask(service));
  if (!result.ok) throw new Error(JSON.stringify(result.failure));
  return result.outputs["image_id"] ?? "";
}

async function planned(): Promise<CleanupPlan> {
  const plan = await planClean(tasks.tools(), { policy: "normal" }, { nowMs: Date.now() });
  if (!plan.ok) throw new Error(JSON.stringify(plan.failure));
  return plan.value;
}

describe("a clean-up of images", () => {
  it("keeps the newest two, what a container uses and what is not ours, and removes exactly what it planned", async () => {
    const builds: string[] = [];
    for (const release of [11, 12, 13, 14, 15]) builds.push(await buildRelease(release));
    const [oldest = "", second = "", third = "", fourth = "", newest = ""] = builds;
    const other = await buildRelease(1, "api");
    // A stopped container holds the oldest, somebody else's name the second; a foreign image looks like ours but for its label.
    await docker("create", "--label", `com.docker.compose.project=${light.project}-blue`, oldest);
    await docker("tag", second, `${light.project}-foreign:1`);

    const plan = await planned();
    expect(plan.items.map((item) => item.id)).toEqual([third]);
    const kept = new Map(plan.kept.map((item) => [item.id, item.protection.because]));
    expect(Object.fromEntries(kept)).toMatchObject({
      [oldest]: "used-by-container",
      [second]: "tagged-by-others",
      [fourth]: "newest-of-service",
      [newest]: "newest-of-service",
      [other]: "newest-of-service",
    });

    const attempt = tasks.attempt();
    const result = await tasks.perform(tasks.cleanTask(), attempt);
    expect(result).toMatchObject({ ok: true, outputs: { removed: "1" }, facts: [{ fact: "space-freed", removed: 1 }] });
    expect(attempt.steps.map((step) => step.name)).toEqual([
      expect.stringMatching(/^remove image web [0-9a-f]{12} \(1\.98 MB\)$/),
    ]);
    expect(new Set(await imagesOf("web"))).toEqual(new Set([oldest, second, fourth, newest]));
    expect(await imagesOf("api")).toEqual([other]);
    expect((await planned()).items).toEqual([]);
  });

  it("removes tagged images by taking away our own tags, and the current tag stays", async () => {
    const old = await buildRelease(1, "worker");
    await docker("tag", old, `${light.project}/worker:old`);
    await docker("tag", old, `${light.project}/worker:older`);
    const builds = [await buildRelease(2, "worker"), await buildRelease(3, "worker")];
    expect((await planned()).items.map((item) => item.id)).toContain(old);
    await tasks.perform(tasks.cleanTask());
    expect(new Set(await imagesOf("worker"))).toEqual(new Set(builds));
    const tags = await docker("image", "ls", "--filter", `reference=${light.project}/worker`, "--format", "{{.Tag}}");
    expect(tags).toEqual(["latest"]);
  });

  it("spares what changed between plan and removal", async () => {
    const builds: string[] = [];
    for (const release of [21, 22, 23, 24]) builds.push(await buildRelease(release, "api"));
    const [first = "", second = ""] = builds;
    /** An engine on which somebody else is at work: between our plan and our removal a container starts and a tag moves. */
    class BusyEngine extends Engine {
      #done = false;
      override async inspectImage(...given: Parameters<Engine["inspectImage"]>): ReturnType<Engine["inspectImage"]> {
        // The first look by ID after the plan was made is the re-check.
        if (this.armed && !this.#done && given[0].startsWith("sha256:")) {
          this.#done = true;
          await docker("create", "--label", `com.docker.compose.project=${light.project}-green`, first);
          await docker("tag", second, `${light.project}/api:pinned`);
        }
        return await super.inspectImage(...given);
      }
      armed = false;
      override async diskUsage(...given: Parameters<Engine["diskUsage"]>): ReturnType<Engine["diskUsage"]> {
        this.armed = true;
        return await super.diskUsage(...given);
      }
    }
    await using engine = new BusyEngine(tasks.engine.endpoint);
    const attempt = tasks.attempt();
    const tools = tasks.tools({ engine: async () => await Promise.resolve({ ok: true, value: engine } as const) });
    const result = await tasks.perform(tasks.cleanTask(), attempt, tools);
    expect(result).toMatchObject({ ok: true, facts: [{ fact: "space-freed" }] });
    const names = attempt.steps.map((step) => step.name).join("\n");
    expect(names).toMatch(/keep image .*: container .* uses it now/);
    expect(names).toMatch(/keep image .*: its tags have changed since the plan/);
    expect(await imagesOf("api")).toEqual(expect.arrayContaining([first, second]));
  });
});

/** The engine as if nobody else used it: only the records of this test are visible, so only they can be planned. */
class OwnCacheEngine extends Engine {
  readonly #marker: string;

  constructor(endpoint: Engine["endpoint"], marker: string) {
    super(endpoint);
    this.#marker = marker;
  }

  override async diskUsage(...given: Parameters<Engine["diskUsage"]>): ReturnType<Engine["diskUsage"]> {
    const usage = await super.diskUsage(...given);
    return usage.ok ? { ok: true, value: { ...usage.value, cache: this.#own(usage.value.cache) } } : usage;
  }

  override async listCacheRecords(
    ...given: Parameters<Engine["listCacheRecords"]>
  ): ReturnType<Engine["listCacheRecords"]> {
    const records = await super.listCacheRecords(...given);
    return records.ok ? { ok: true, value: this.#own(records.value) } : records;
  }

  #own(records: readonly ObservedCacheRecord[]): readonly ObservedCacheRecord[] {
    return records.filter(({ description }) => description.includes(this.#marker));
  }
}

describe("a clean-up of the cache", () => {
  it("prunes the planned records, frees what it predicted, and leaves everybody else's", async () => {
    const marker = light.project;
    await light.edit(
      "docker/service.Dockerfile",
      (text) => `${text}RUN head -c 300000 /dev/urandom >/tmp/a; : ${marker}\n`,
    );
    await using engine = new OwnCacheEngine(tasks.engine.endpoint, marker);
    const tools = tasks.tools({ engine: async () => await Promise.resolve({ ok: true, value: engine } as const) });
    // Four releases: two images go, and with them the records that only they shared become prunable.
    for (const release of [31, 32, 33, 34]) {
      await light.write("services/web/release", `${release}\n`);
      const built = await tasks.perform(tasks.buildTask("web"), tasks.attempt(), tools);
      expect(built.ok).toBe(true);
    }
    const before = await tasks.engine.listCacheRecords();
    const plan = await planClean(tools, { policy: "normal", maxCacheBytes: 0 }, { nowMs: Date.now() });
    if (!plan.ok || !before.ok) throw new Error("no plan");
    const records = plan.value.items.filter((item) => item.item === "cache-record");
    expect(records.length).toBeGreaterThanOrEqual(2);
    expect(records.every((item) => item.description.includes(marker))).toBe(true);

    const attempt = tasks.attempt();
    const result = await tasks.perform(tasks.cleanTask({ maxCacheBytes: 0 }), attempt, tools);
    if (!result.ok) throw new Error(JSON.stringify(result.failure));
    expect(attempt.steps.at(-1)?.name).toMatch(/^prune \d+ cache records of [\d.]+ kB$/);
    const after = await tasks.engine.listCacheRecords();
    if (!after.ok) throw new Error("no records");
    const left = new Set(after.value.map((record) => record.id));
    expect(records.filter((item) => left.has(item.id))).toEqual([]);
    const again = await planClean(tools, { policy: "normal", maxCacheBytes: 0 }, { nowMs: Date.now() });
    expect(again).toMatchObject({ ok: true, value: { items: [] } });
  });

  it("leaves the rest as soon as the budgets hold, whoever made the room", async () => {
    /** After the plan was made, somebody else has pruned: the list of records is empty when it is asked for again. */
    class PrunedEngine extends OwnCacheEngine {
      override async listCacheRecords(): ReturnType<Engine["listCacheRecords"]> {
        return await Promise.resolve({ ok: true, value: [] });
      }
    }
    for (const release of [41, 42, 43, 44]) await buildRelease(release);
    await using engine = new PrunedEngine(tasks.engine.endpoint, light.project);
    const attempt = tasks.attempt();
    const tools = tasks.tools({ engine: async () => await Promise.resolve({ ok: true, value: engine } as const) });
    const result = await tasks.perform(tasks.cleanTask({ maxCacheBytes: 0 }), attempt, tools);
    expect(result.ok).toBe(true);
    expect(attempt.steps.at(-1)?.name).toMatch(/^prune \d+ cache records? of .*kept: the budgets hold without it$/);
  });

  it("comes before the images where the engine has no room to remove them", async () => {
    /** A full disk: the first removal of each image fails, as the engine's own database cannot grow. */
    class FullEngine extends OwnCacheEngine {
      readonly refused = new Set<string>();
      override async removeImage(...given: Parameters<Engine["removeImage"]>): ReturnType<Engine["removeImage"]> {
        if (this.refused.has(given[0])) return await super.removeImage(...given);
        this.refused.add(given[0]);
        const evidence = { command: "DELETE /images", lastLines: [] };
        return { ok: false, failure: { reason: "no-space", error: "no space left on device", evidence } };
      }
    }
    for (const release of [51, 52, 53, 54]) await buildRelease(release);
    await using engine = new FullEngine(tasks.engine.endpoint, light.project);
    const attempt = tasks.attempt();
    const tools = tasks.tools({ engine: async () => await Promise.resolve({ ok: true, value: engine } as const) });
    const result = await tasks.perform(tasks.cleanTask({ maxCacheBytes: 0 }), attempt, tools);
    expect(result).toMatchObject({ ok: true });
    expect(engine.refused.size).toBeGreaterThan(0);
    const names = attempt.steps.map((step) => step.name);
    expect(names[0]).toMatch(/^prune /);
    expect(names.filter((name) => name.startsWith("remove image"))).toHaveLength(engine.refused.size);
  });
});
