import { describe, expect, it } from "vitest";
import type { InspectedContainer } from "../../../src/docker/engine-answers.ts";
import { ReadinessWatch } from "../../../src/tasks/deploy/readiness-watch.ts";
import { judgeContainer } from "../../../src/tasks/deploy/readiness.ts";

const PORT = { containerPort: 8080, protocol: "tcp", hostIp: "127.0.0.1", hostPort: 18081 };

function aContainer(change: Partial<InspectedContainer> = {}): InspectedContainer {
  return {
    id: "c1",
    name: "shop-blue-web-1",
    imageId: "sha256:1",
    state: "running",
    labels: {},
    restartCount: 0,
    health: "none",
    healthLog: [],
    startedAtMs: 1,
    finishedAtMs: 0,
    oomKilled: false,
    error: "",
    ports: [],
    ipAddresses: {},
    ...change,
  };
}

describe("judgeContainer", () => {
  const terms = { minReadyMs: 2_000, runningForMs: 0, restarts: 0 };

  it.each<[string, Partial<InspectedContainer>, Partial<typeof terms>, string, string]>([
    ["healthy", { health: "healthy" }, {}, "ready", "healthy"],
    ["healthy although just started", { health: "healthy" }, { runningForMs: 0 }, "ready", "healthy"],
    [
      "starting",
      { health: "starting", healthLog: ["old", "connection\nrefused\n"] },
      {},
      "waiting",
      "starting (connection refused)",
    ],
    ["unhealthy", { health: "unhealthy", healthLog: ["404"] }, { runningForMs: 9_000 }, "failed", "unhealthy (404)"],
    ["running for too short", {}, { runningForMs: 1_999 }, "waiting", "running for less than 2.0s"],
    ["running for long enough", {}, { runningForMs: 2_000 }, "ready", "running for 2.0s"],
    ["restarted twice", { restartCount: 2 }, { restarts: 2 }, "waiting", "running for less than 2.0s"],
    ["restarted three times", { health: "healthy" }, { restarts: 3 }, "failed", "restarted 3 times"],
    ["between two starts", { state: "restarting", exitCode: 1 }, { restarts: 1 }, "waiting", "restarting"],
    ["a one-shot that did its work", { state: "exited", exitCode: 0 }, {}, "ready", "exited with code 0"],
    ["a one-shot that failed", { state: "exited", exitCode: 7 }, {}, "failed", "exited with code 7"],
    [
      "a server that ended",
      { state: "exited", exitCode: 0, ports: [PORT] },
      {},
      "failed",
      "exited with code 0, but is meant to keep running",
    ],
    [
      "a checked service that ended",
      { state: "exited", exitCode: 0, health: "healthy" },
      {},
      "failed",
      "exited with code 0, but is meant to keep running",
    ],
    ["out of memory", { state: "exited", exitCode: 137, oomKilled: true }, {}, "failed", "killed: out of memory"],
    ["created", { state: "created" }, {}, "waiting", "not started yet"],
    [
      "not startable",
      { state: "created", error: "port is already allocated" },
      {},
      "failed",
      "could not start: port is already allocated",
    ],
    ["paused", { state: "paused" }, {}, "failed", "paused"],
    ["dead", { state: "dead" }, {}, "failed", "dead"],
  ])("%s", (_, container, change, is, state) => {
    expect(judgeContainer(aContainer(container), { ...terms, ...change })).toEqual({ is, state });
  });
});

describe("ReadinessWatch", () => {
  const readiness = { timeoutMs: 10_000, minReadyMs: 2_000 };
  const CLOCK = { nowMs: 0, wallMs: 100_000 };

  it("is ready when compose is done and every container is", () => {
    const watch = new ReadinessWatch(readiness, [], CLOCK);
    const containers = [aContainer({ health: "healthy" }), aContainer({ id: "c2" })];
    expect(watch.look(containers, 0, false).is).toBe("waiting");
    expect(watch.look(containers, 1_999, true).is).toBe("waiting");
    expect(watch.look(containers, 2_000, false).is).toBe("waiting");
    expect(watch.look(containers, 2_000, true).is).toBe("ready");
  });

  it("counts the minimum time anew after a restart", () => {
    const watch = new ReadinessWatch(readiness, [], CLOCK);
    watch.look([aContainer()], 0, true);
    expect(watch.look([aContainer({ restartCount: 1, startedAtMs: 2 })], 1_900, true).is).toBe("waiting");
    expect(watch.look([aContainer({ restartCount: 1, startedAtMs: 2 })], 3_800, true).is).toBe("waiting");
    expect(watch.look([aContainer({ restartCount: 1, startedAtMs: 2 })], 3_900, true).is).toBe("ready");
  });

  it("does not hold against a deploy what it may be about to replace", () => {
    const broken = aContainer({ id: "old", state: "exited", exitCode: 1 });
    const watch = new ReadinessWatch(readiness, [broken], CLOCK);
    expect(watch.look([broken], 0, false)).toEqual({ is: "waiting" });
    expect(watch.changed).toBe(false);
    expect(watch.look([broken], 100, true)).toMatchObject({ is: "failed", blame: { container: { id: "old" } } });
  });

  it("does not call changed what only had to wait", () => {
    const young = aContainer({ startedAtMs: CLOCK.wallMs });
    const watch = new ReadinessWatch(readiness, [young], CLOCK);
    expect(watch.look([young], 0, true).is).toBe("waiting");
    expect(watch.changed).toBe(false);
    expect(watch.look([aContainer({ id: "new" })], 1, true).is).toBe("waiting");
    expect(watch.changed).toBe(true);
  });

  it("does not make a container that has long been running prove itself again", () => {
    const old = aContainer({ startedAtMs: CLOCK.wallMs - 2_000 });
    const young = aContainer({ startedAtMs: CLOCK.wallMs - 1_900 });
    expect(new ReadinessWatch(readiness, [old], CLOCK).look([old], 0, true).is).toBe("ready");
    expect(new ReadinessWatch(readiness, [young], CLOCK).look([young], 0, true).is).toBe("waiting");
    expect(new ReadinessWatch(readiness, [young], CLOCK).look([young], 100, true).is).toBe("ready");
    const again = aContainer({ startedAtMs: CLOCK.wallMs });
    expect(new ReadinessWatch(readiness, [old], CLOCK).look([again], 0, true).is).toBe("waiting");
  });

  it("forgives the restarts of the past, not those since", () => {
    const before = aContainer({ restartCount: 50, startedAtMs: CLOCK.wallMs });
    const watch = new ReadinessWatch(readiness, [before], CLOCK);
    expect(watch.look([before], 0, true).is).toBe("waiting");
    expect(watch.look([aContainer({ restartCount: 53, startedAtMs: 9 })], 1, true)).toMatchObject({
      is: "failed",
      blame: { verdict: { state: "restarted 3 times" } },
    });
  });

  it("reports a failed container at once, also while compose is still at work", () => {
    const watch = new ReadinessWatch(readiness, [], CLOCK);
    const containers = [aContainer({ health: "starting" }), aContainer({ id: "c2", state: "exited", exitCode: 3 })];
    expect(watch.look(containers, 5, false)).toMatchObject({ is: "failed", blame: { container: { id: "c2" } } });
    expect(watch.changed).toBe(true);
  });

  it("starts its clock with the first container that changed, and blames what has started", () => {
    const watch = new ReadinessWatch(readiness, [], CLOCK);
    const containers = [
      aContainer({ id: "waits", state: "created", startedAtMs: 0 }),
      aContainer({ id: "slow", health: "starting" }),
    ];
    expect(watch.look([], 0, false).is).toBe("waiting");
    expect(watch.look([], 60_000, false).is).toBe("waiting");
    expect(watch.look(containers, 61_000, false).is).toBe("waiting");
    expect(watch.look(containers, 70_999, false).is).toBe("waiting");
    expect(watch.look(containers, 71_000, false)).toMatchObject({
      is: "failed",
      blame: { container: { id: "slow" }, verdict: { state: "still starting after 10.0s" } },
    });
  });
});
