import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectEnding } from "../rig/ending.ts";
import { SecondEngine } from "../rig/second-engine.ts";
import { UserProject } from "../rig/user-project.ts";

describe.skipIf(!SecondEngine.isPossible())("an engine whose disk is full", () => {
  let engine: SecondEngine;
  let user: UserProject;

  beforeAll(async () => {
    engine = await SecondEngine.start({ diskBytes: 150_000_000 });
    user = await UserProject.create(engine.environment);
  });

  afterAll(async () => {
    await user.expectNothingLeft();
    await user[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  it("fails the build with that as the reason, and says how to free space", async () => {
    expectEnding(await user.run(["build", "--service", "web"]), { exitCode: 0, says: [] });
    await user.light.edit(
      "docker/service.Dockerfile",
      (text) => `${text}RUN dd if=/dev/zero of=/large bs=1M count=400\n`,
    );
    expectEnding(await user.run(["build", "--service", "web"]), {
      exitCode: 1,
      says: [
        /The engine's disk is full: .*no space left on device/i,
        "next: see what would be freed: `orchestrate clean --aggressive --dry-run`",
        "next: free it: `orchestrate clean --aggressive`",
      ],
    });
    const failed = (await user.events()).find((event) => event.type === "task-finished" && event.status === "failed");
    expect(failed).toMatchObject({ failure: { reason: "no-space" } });
  });

  it("has room again after the clean-up that it names, which did what the preview said", async () => {
    // Nobody else uses this engine, so all of its cache may go.
    const flags = ["--aggressive", "--max-cache", "0"];
    const preview = await user.run(["clean", ...flags, "--dry-run"]);
    expectEnding(preview, { exitCode: 0, says: [/^remove .* cache/m, /^keep .* image \S+\/web:latest/m] });
    const promised = /^Would free (.+?):/m.exec(preview.stdout)?.[1];
    const cleaned = await user.run(["clean", ...flags]);
    expectEnding(cleaned, { exitCode: 0, says: ["clean succeeded", `predicted ${promised}`] });
    expect(await user.run(["clean", ...flags, "--dry-run"])).toMatchObject({ exitCode: 0 });
    await user.light.edit("docker/service.Dockerfile", (text) => text.replace("count=400", "count=40"));
    expectEnding(await user.run(["build", "--service", "web"]), {
      exitCode: 0,
      says: [],
    });
  });
});
