import { describe, expect, it } from "vitest";
import type { InspectedContainer } from "../../../src/docker/engine-answers.ts";
import type { ObserveLimits } from "../../../src/model/release.ts";
import type { TrafficCount } from "../../../src/model/router.ts";
import { findBreach } from "../../../src/tasks/deploy/observe.ts";
import type { Sight } from "../../../src/tasks/deploy/observe.ts";
import { lastingContainers } from "../../../src/tasks/deploy/project-containers.ts";
import { reaches } from "../../../src/tasks/deploy/retire.ts";

const LIMITS: ObserveLimits = { forMs: 10_000, maxErrorRate: 0.05, minRequests: 20, maxMeanLatencyMs: 300 };

function aContainer(change: Partial<InspectedContainer> = {}): InspectedContainer {
  return {
    id: "web-1",
    name: "shop-green-web-1",
    imageId: "sha256:1",
    state: "running",
    labels: { "com.docker.compose.service": "web" },
    restartCount: 0,
    health: "healthy",
    healthLog: [],
    startedAtMs: 1,
    finishedAtMs: 0,
    oomKilled: false,
    error: "",
    ports: [],
    restartPolicy: "unless-stopped",
    ipAddresses: {},
    ...change,
  };
}

/** Of all answers so far. */
function took(answers: number, meanMs: number): TrafficCount["answerTimes"] {
  return [{ backend: "be_web.green_fb/green", answers, meanMs, roundedUpMs: 0 }];
}

function sight(count: Partial<TrafficCount> = {}, ...containers: readonly InspectedContainer[]): Sight {
  const none = { requests: 0, failed: 0, retried: 0, openRequests: 0, openWebsockets: 0, answerTimes: took(1_000, 10) };
  return { containers: containers.length === 0 ? [aContainer()] : containers, count: { ...none, ...count } };
}

describe("findBreach", () => {
  const first = sight({ requests: 1_000, failed: 500 });

  const breaches: readonly (readonly [what: string, now: Sight, breach: string | undefined])[] = [
    ["all is well", sight({ requests: 1_100, failed: 500 }), undefined],
    ["errors are few", sight({ requests: 1_100, failed: 505 }), undefined],
    ["errors are many", sight({ requests: 1_100, failed: 506 }), "6 of 100 requests failed (6.0 %), more than 5.0 %"],
    [
      "attempts failed that were repeated",
      sight({ requests: 1_100, failed: 502, retried: 8 }),
      "10 of 100 requests failed, 8 of them unnoticed because they were repeated (10.0 %), more than 5.0 %",
    ],
    [
      "there were more attempts than requests",
      sight({ requests: 1_100, failed: 540, retried: 300 }),
      "100 of 100 requests failed, 60 of them unnoticed because they were repeated (100.0 %), more than 5.0 %",
    ],
    ["there were too few requests to judge", sight({ requests: 1_019, failed: 519 }), undefined],
    [
      "there were just enough",
      sight({ requests: 1_020, failed: 520 }),
      "20 of 20 requests failed (100.0 %), more than 5.0 %",
    ],
    ["the router restarted and counts anew", sight({ requests: 30, failed: 1 }), undefined],
    [
      "answers are slow",
      sight({ requests: 1_100, failed: 500, answerTimes: took(1_100, (10 * 1_000 + 301 * 100) / 1_100) }),
      "answers take 301 ms on average, more than 300 ms",
    ],
    ["a container restarted", sight({}, aContainer({ restartCount: 1 })), "web restarted"],
    ["a container was started anew", sight({}, aContainer({ startedAtMs: 2 })), "web restarted"],
    ["a container ended", sight({}, aContainer({ state: "exited", exitCode: 3 })), "web is exited with code 3"],
    [
      "memory ran out",
      sight({}, aContainer({ state: "exited", exitCode: 137, oomKilled: true })),
      "web was killed: out of memory",
    ],
    ["a container is unhealthy", sight({}, aContainer({ health: "unhealthy" })), "web is unhealthy"],
    ["a container is gone", sight({}, aContainer({ id: "other" })), "web is gone"],
  ];
  for (const [what, now, breach] of breaches) {
    it(`says ${breach ?? "nothing"} when ${what}`, () => {
      expect(findBreach(first, now, LIMITS)?.breach).toBe(breach);
    });
  }
});

describe("lastingContainers", () => {
  const migration = aContainer({
    id: "m",
    labels: { "com.docker.compose.service": "migrate" },
    state: "exited",
    exitCode: 0,
  });
  const web = aContainer({
    labels: {
      "com.docker.compose.service": "web",
      "com.docker.compose.depends_on": "migrate:service_completed_successfully:false,api:service_started:false",
    },
  });

  it("leaves out what others wait for as completed", () => {
    expect(lastingContainers([migration, web])).toEqual([web]);
  });

  it("keeps a container that was stopped well, and leaves out one that was meant to end", () => {
    const stopped = aContainer({ state: "exited", exitCode: 0 });
    const done = aContainer({ state: "exited", exitCode: 0, restartPolicy: "no", health: "none" });
    expect(lastingContainers([stopped, done])).toEqual([stopped]);
  });
});

describe("reaches", () => {
  it("counts both colours of a canary, and any colour while one stands by", () => {
    expect(reaches({ to: "nowhere" }, "blue")).toBe(false);
    expect(reaches({ to: "colour", colour: "green", standby: false }, "blue")).toBe(false);
    expect(reaches({ to: "colour", colour: "green", standby: false }, "green")).toBe(true);
    expect(reaches({ to: "colour", colour: "green", standby: true }, "blue")).toBe(true);
    expect(reaches({ to: "canary", colour: "green", rest: "blue", percent: 5 }, "blue")).toBe(true);
    expect(reaches({ to: "canary", colour: "green", rest: "blue", percent: 5 }, "green")).toBe(true);
  });
});
