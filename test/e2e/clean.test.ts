import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseJson, recordAt, textAt } from "../../src/docker/json-value.ts";
import { expectEnding } from "../rig/ending.ts";
import { SecondEngine } from "../rig/second-engine.ts";
import { startOnTerminal } from "../rig/terminal.ts";
import type { TerminalSession } from "../rig/terminal.ts";
import { UserProject } from "../rig/user-project.ts";

/** Nobody else uses this engine, so all of its cache and images may go. */
describe.skipIf(!SecondEngine.isPossible())("orchestrate clean on an engine of its own", () => {
  let engine: SecondEngine;
  let user: UserProject;
  let release = 0;

  beforeAll(async () => {
    engine = await SecondEngine.start();
    user = await UserProject.create(engine.environment);
    await user.light.edit("docker/build-config.json", (text) =>
      text.replace('"services"', '"cleanup": { "normal": { "min_age": "0s", "keep_images": 1 } },\n  "services"'),
    );
  });

  afterAll(async () => {
    await user.expectNothingLeft();
    await user[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    const ids = await images();
    if (ids.length > 0) await engine.docker("image", "rm", "--force", ...ids);
    await build(2);
  });

  async function build(releases: number): Promise<void> {
    for (let count = 0; count < releases; count += 1) {
      release += 1;
      await user.light.write("services/web/release", `${release}\n`);
      const built = await user.run(["build", "--service", "web", "--clean", "none"]);
      expectEnding(built, { exitCode: 0, says: [] });
    }
  }

  /** Image IDs of the service, newest first. */
  async function images(): Promise<readonly string[]> {
    return await engine.docker("image", "ls", "-q", "--no-trunc", "--filter", "label=dev.orchestrate.service=web");
  }

  async function volumes(): Promise<readonly string[]> {
    return (await engine.docker("volume", "ls", "-q")).filter((name) => !name.startsWith("orchestrate-")).sort();
  }

  function file(name: string): string {
    return path.join(user.light.directory, name);
  }

  it("writes a plan, changes nothing, and applies exactly that: not what has come since, and not what has changed", async () => {
    await build(1);
    const [, old = "", oldest = ""] = await images();
    const planned = await user.run(["clean", "--plan", "plan.json", "--max-cache", "0"]);
    expectEnding(planned, { exitCode: 0, says: [/^remove .*image web/m, "clean --apply plan.json"] });
    expect(await images()).toHaveLength(3);
    await engine.docker("tag", old, "somebody/else:1");
    await build(1);
    const applied = await user.run(["clean", "--apply", "plan.json"]);
    expectEnding(applied, {
      exitCode: 0,
      says: [/keep image web .*: its tags have changed since the plan/, /kept: .*(since the plan|uses it now)/],
    });
    const left = await images();
    expect(left).toContain(old);
    expect(left).not.toContain(oldest);
    // The newest when the plan was made is the second now: no plan says that it may go.
    expect(left).toHaveLength(3);
    await engine.docker("rmi", "somebody/else:1");
  });

  it("tells predicted, accounted and physical bytes for scripts", async () => {
    const cleaned = await user.run(["clean", "--max-cache", "0", "--json"]);
    expect(cleaned.exitCode).toBe(0);
    const space = recordAt(parseJson(cleaned.stdout), "space");
    expect(space["accountedBytes"]).toBe(space["predictedBytes"]);
    expect(space["predictedBytes"]).toBeGreaterThan(1_000);
    expect(space["physicalBytes"]).toEqual(expect.any(Number));
  });

  it("refuses a plan of another engine, of another project, and one that is none", async () => {
    expectEnding(await user.run(["clean", "--plan", "plan.json"]), { exitCode: 0, says: [] });
    const text = readFileSync(file("plan.json"), "utf8");
    const engineId = textAt(recordAt(parseJson(text), "engine"), "id");
    writeFileSync(file("engine.json"), text.replace(engineId, "somewhere"));
    writeFileSync(file("project.json"), text.replace(`"project": "${user.light.project}"`, '"project": "shop"'));
    writeFileSync(file("broken.json"), text.slice(0, -20));
    const refusal = async (name: string, says: RegExp | string): Promise<void> =>
      expectEnding(await user.run(["clean", "--apply", name]), { exitCode: 2, says: [says] });
    await refusal("engine.json", "it was made for the engine of");
    await refusal("project.json", "it was made for the project shop");
    await refusal("broken.json", "it is no JSON");
    await refusal("missing.json", "no such file");
    const both = await user.run(["clean", "--apply", "plan.json", "--max-cache", "1"]);
    expectEnding(both, { exitCode: 2, says: ["--max-cache would change it"] });
    expect(await images()).toHaveLength(2);
  });

  it("asks before it removes what is not ours, and without a terminal wants --yes", async () => {
    const create = async (name: string, project = `${user.light.project}-blue`): Promise<void> => {
      await engine.docker("volume", "create", "--label", `com.docker.compose.project=${project}`, name);
    };
    await create("precious");
    await create("foreign", "shop-blue");
    const refused = await user.run(["clean", "--volumes"]);
    expectEnding(refused, { exitCode: 2, says: ["nobody can be asked", "volume precious", "--yes"] });
    const answer = (keys: string): TerminalSession => {
      const session = startOnTerminal(["clean", "--volumes"], { cwd: user.light.directory, env: user.environment });
      void session.waitFor(/Type yes:/).then(() => session.type(keys));
      return session;
    };
    expect((await answer("no\r").done).exitCode).toBe(1);
    expect((await answer("\u0003").done).exitCode).toBe(130);
    expect(await volumes()).toEqual(["foreign", "precious"]);
    expect(await images()).toHaveLength(2);
    expect((await answer("yes\r").done).exitCode).toBe(0);
    expect(await volumes()).toEqual(["foreign"]);
    expect(await images()).toHaveLength(1);
    await create("other");
    expectEnding(await user.run(["clean", "--volumes", "--yes"]), { exitCode: 0, says: ["remove volume other"] });
  });

  it("goes on where a killed one was", async () => {
    await build(3);
    const killed = user.start(["clean", "--max-cache", "0"]);
    await killed.waitFor(/remove image/);
    killed.signal("SIGKILL");
    expect((await killed.done).exitCode).toBe(137);
    expectEnding(await user.run(["clean", "--max-cache", "0"]), { exitCode: 0, says: [] });
    expect(await images()).toHaveLength(1);
    const nothing = await user.run(["clean", "--max-cache", "0", "--dry-run"]);
    expectEnding(nothing, { exitCode: 0, says: ["Nothing to remove."] });
  });
});
