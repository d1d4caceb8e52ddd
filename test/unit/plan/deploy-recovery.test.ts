import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Traffic } from "../../../src/model/router.ts";
import type { TransitionRecord } from "../../../src/model/release.ts";
import { describeDrift } from "../../../src/plan/deploy-drift.ts";
import { planRecovery } from "../../../src/plan/deploy-recovery.ts";
import type { DeployWorld, NextAction } from "../../../src/plan/deploy-recovery.ts";
import { DeployModel, GOOD_RECORDS, STATES, interruptions, receives } from "./deploy-model.ts";
import type { WorldSetup } from "./deploy-model.ts";

const BLUE: Traffic = { to: "colour", colour: "blue", standby: false };
const GREEN: Traffic = { to: "colour", colour: "green", standby: false };
const OBSERVED: Traffic = { to: "colour", colour: "green", standby: true };
const CANARY: Traffic = { to: "canary", colour: "green", rest: "blue", percent: 25 };
const NOWHERE: Traffic = { to: "nowhere" };
const ELSEWHERE: Traffic = { to: "colour", colour: "red", standby: false };
const TRAFFICS = [BLUE, GREEN, OBSERVED, CANARY, NOWHERE, ELSEWHERE];

const SETUP: WorldSetup = {
  first: false,
  memory: BLUE,
  file: BLUE,
  blue: "ready",
  green: "ready",
  healthy: { blue: true, green: true },
  good: true,
  records: [],
};

/** The records up to the intent or fact of a phase. */
function until(mark: "intent" | "fact", phase: string): readonly TransitionRecord[] {
  const index = GOOD_RECORDS.findIndex((record) => record.mark === mark && "phase" in record && record.phase === phase);
  return GOOD_RECORDS.slice(0, index + 1);
}

/** The next action in short: `continue gate`, `roll-back`. */
function planned(change: Partial<WorldSetup>, asked?: DeployWorld["asked"]): string {
  return shorten(planRecovery(new DeployModel({ ...SETUP, ...change }).world(asked)).next);
}

function shorten(next: NextAction): string {
  return next.action === "continue" ? `continue ${next.from}` : next.action;
}

function drain(steps: Generator<unknown, void>): void {
  while (steps.next().done !== true);
}

describe("planRecovery", () => {
  it("does nothing where no deploy is open", () => {
    const model = new DeployModel({ ...SETUP, records: [...GOOD_RECORDS, { mark: "end", end: "done" }] });
    expect(planRecovery(model.world()).next).toEqual({ action: "nothing" });
    expect(planRecovery({ colours: [], known: [] }).next).toEqual({ action: "nothing" });
  });

  it("holds where the router tells of something that nobody here knows", () => {
    const closed = [...GOOD_RECORDS, { mark: "end", end: "done" }] as const;
    expect(planned({ records: closed, memory: CANARY })).toBe("hold");
    expect(planned({ records: closed, memory: ELSEWHERE })).toBe("hold");
    expect(planned({ records: until("fact", "gate"), memory: ELSEWHERE })).toBe("hold");
  });

  it.each([
    ["prepare", BLUE, "continue prepare"],
    ["start", BLUE, "continue start"],
    ["gate", BLUE, "continue gate"],
    ["smoke", BLUE, "continue smoke"],
    ["cutover", BLUE, "continue cutover"],
    ["cutover", OBSERVED, "continue cutover"],
    ["observe", OBSERVED, "continue observe"],
    ["observe", CANARY, "continue observe"],
    ["drain", GREEN, "continue drain"],
    ["retire", GREEN, "continue retire"],
  ] as const)("repeats %s where both colours are well", (phase, memory, expected) => {
    expect(planned({ records: until("intent", phase), memory })).toBe(expected);
  });

  it("goes on with the phase after the last fact", () => {
    expect(planned({ records: until("fact", "prepare"), green: "absent" })).toBe("continue start");
    expect(planned({ records: until("fact", "smoke") })).toBe("continue cutover");
    expect(planned({ records: until("fact", "cutover"), memory: OBSERVED })).toBe("continue observe");
    expect(planned({ records: until("fact", "retire"), memory: GREEN, blue: "stopped" })).toBe("continue retire");
  });

  it("gates again where the new colour has the traffic and only starts, before the old one may be stopped", () => {
    for (const phase of ["observe", "drain", "retire"]) {
      expect(planned({ records: until("intent", phase), memory: GREEN, green: "starting" })).toBe("continue cutover");
    }
  });

  it("starts the new colour again where it ran before the cutover and does not any more", () => {
    for (const green of ["failed", "stopped", "absent"] as const) {
      expect(planned({ records: until("intent", "smoke"), green })).toBe("continue start");
      expect(planned({ records: until("fact", "smoke"), green })).toBe("continue start");
    }
  });

  it("goes back from a new colour that does not run, as long as the release is not approved", () => {
    for (const green of ["failed", "stopped", "absent"] as const) {
      expect(planned({ records: until("intent", "cutover"), green })).toBe("roll-back");
      expect(planned({ records: until("intent", "observe"), memory: OBSERVED, green })).toBe("roll-back");
      expect(planned({ records: until("intent", "observe"), memory: OBSERVED, green, blue: "stopped" })).toBe(
        "roll-back",
      );
      expect(planned({ records: until("intent", "retire"), memory: GREEN, green })).toBe("roll-back");
      expect(planned({ records: until("intent", "retire"), memory: GREEN, green, blue: "stopped" })).toBe(
        "continue start",
      );
      expect(planned({ records: until("intent", "cutover"), green, blue: "absent" })).toBe("continue start");
    }
  });

  it("goes on going back, whatever the colours are like by then", () => {
    const turned = [...until("intent", "observe"), { mark: "turn", to: "roll-back", because: "21 errors" }] as const;
    for (const memory of [OBSERVED, BLUE, GREEN, CANARY]) {
      for (const green of STATES) expect(planned({ records: turned, memory, green })).toBe("roll-back");
    }
    expect(planned({ records: turned, memory: OBSERVED, blue: "absent" })).toBe("hold");
    expect(planned({ records: turned, memory: OBSERVED, blue: "absent" }, "continue")).toBe("continue observe");
    const aborted = [...until("intent", "gate"), { mark: "turn", to: "abort", because: "t" }] as const;
    expect(planned({ records: aborted })).toBe("abort");
    expect(planned({ records: aborted, memory: GREEN })).toBe("roll-back");
  });

  it("goes back where somebody directed traffic back meanwhile", () => {
    expect(planned({ records: until("fact", "cutover"), memory: BLUE })).toBe("roll-back");
    expect(planned({ records: until("fact", "cutover"), memory: BLUE, blue: "failed" })).toBe("continue cutover");
  });

  it("aborts or goes back when asked to", () => {
    expect(planned({ records: until("intent", "smoke") }, "abort")).toBe("abort");
    expect(planned({ records: until("intent", "cutover") }, "abort")).toBe("roll-back");
    expect(planned({ records: until("intent", "drain"), memory: GREEN }, "abort")).toBe("roll-back");
    expect(planned({ records: until("intent", "drain"), memory: GREEN, blue: "absent" }, "abort")).toBe("hold");
  });

  it("aborts a deploy that somebody else's traffic made pointless", () => {
    const world = new DeployModel({ ...SETUP, records: until("intent", "observe"), memory: ELSEWHERE }).world();
    expect(planRecovery({ ...world, known: ["blue", "green", "red"] }).next).toMatchObject({
      action: "abort",
      because: "traffic goes to red, which this deploy did not replace",
    });
  });

  it("closes a deploy whose colour holds the containers of another one", () => {
    const plan = (records: WorldSetup["records"], memory: Traffic): string => {
      const world = new DeployModel({ ...SETUP, records, memory }).world();
      const colours = world.colours.map((each) => ({ ...each, deployId: each.colour === "green" ? "other" : "old" }));
      return shorten(planRecovery({ ...world, colours }).next);
    };
    expect(plan(until("intent", "cutover"), BLUE)).toBe("close");
    expect(plan(until("intent", "start"), GREEN)).toBe("close");
    // What the idle colour held before the start is nobody's loss.
    expect(plan(until("intent", "start"), BLUE)).toBe("continue start");
    expect(plan(until("fact", "start"), BLUE)).toBe("continue start");
  });

  it("repeats the phase where there is no router, and never stops the only containers", () => {
    const world = (asked?: "abort"): DeployWorld => {
      const { view: _view, ...rest } = new DeployModel({ ...SETUP, records: until("intent", "gate") }).world(asked);
      return rest;
    };
    expect(shorten(planRecovery(world()).next)).toBe("continue gate");
    expect(shorten(planRecovery(world("abort")).next)).toBe("hold");
    expect(planRecovery(world()).findings).toEqual([]);
  });
});

describe("every interruption in every world", () => {
  const worlds: WorldSetup[] = [];
  for (const records of interruptions()) {
    for (const memory of TRAFFICS) {
      for (const blue of STATES) {
        for (const green of STATES) {
          for (const first of [false, true])
            worlds.push({ ...SETUP, records, memory, file: memory, blue, green, first });
        }
      }
    }
  }

  it.each([undefined, "continue", "abort"] as const)("ends with one live colour (asked: %s)", (asked) => {
    expect(worlds.length).toBeGreaterThan(20_000);
    expect(worlds.flatMap((setup) => breachesOf(setup, asked)).slice(0, 5)).toEqual([]);
  });

  it("holds only where the plan says that nobody can know", () => {
    const held = worlds.filter((setup) => planRecovery(new DeployModel(setup).world()).next.action === "hold");
    const unexpected = held.filter(({ memory, first, blue, records }) => {
      const stranger = receives(memory, "red") || (first && receives(memory, "blue"));
      return !stranger && !(blue === "absent" && records.at(-1)?.mark === "turn");
    });
    expect(unexpected.slice(0, 5)).toEqual([]);
  });
});

/** What goes wrong when the plan for a world is carried out; empty when all is well. */
function breachesOf(setup: WorldSetup, asked: DeployWorld["asked"]): readonly string[] {
  const model = new DeployModel(setup);
  const before = model.answers();
  const { next } = planRecovery(model.world(asked));
  const breaches: string[] = [];
  const demand = (holds: boolean, what: string): void => {
    if (!holds) breaches.push(`${what}: ${JSON.stringify(setup)} → ${JSON.stringify(next)}`);
  };
  try {
    // Throws where a colour that gets traffic would be stopped.
    drain(model.apply(next));
  } catch (error) {
    demand(false, String(error));
  }
  demand(next.action !== "nothing", "nothing is done");
  if (next.action === "hold") {
    const untouched =
      model.memory === setup.memory && model.states.blue === setup.blue && model.states.green === setup.green;
    demand(untouched, "touched although held");
    return breaches;
  }
  demand(model.ended !== undefined, "not ended");
  demand(model.memory.to !== "canary", "still split");
  demand(JSON.stringify(model.memory) === JSON.stringify(model.file), "a restart would change it");
  const hasOld = !setup.first && setup.blue !== "absent";
  const nothingToGoBackTo = setup.first && next.action === "roll-back";
  const mustAnswer = before || next.action === "continue" || (next.action === "roll-back" && hasOld);
  if (nothingToGoBackTo) demand(model.memory.to === "nowhere", "traffic to what was stopped");
  else if (mustAnswer) demand(model.answers(), "no live colour answers");
  return breaches;
}

describe("a deploy that is killed at random moments", () => {
  const kills = fc.array(fc.tuple(fc.nat(24), fc.boolean()), { maxLength: 12 });
  const health = fc.record({ blue: fc.constant(true), green: fc.boolean() });

  it("always leaves one colour that answers, and comes to its end", () => {
    const property = fc.property(kills, health, fc.boolean(), (moments, healthy, good) => {
      const model = new DeployModel({ ...SETUP, green: "stopped", healthy, good });
      let steps = model.apply({ action: "continue", from: "prepare", because: "" });
      for (const [moment, routerToo] of moments) {
        for (let step = 0; step < moment && model.ended === undefined; step += 1) {
          if (steps.next().done === true) break;
          if (!model.answers()) return false;
        }
        if (routerToo) model.restartRouter();
        if (!model.answers()) return false;
        steps = model.apply(planRecovery(model.world()).next);
      }
      drain(steps);
      if (model.ended === undefined) drain(model.apply(planRecovery(model.world()).next));
      const live = model.memory.to === "colour" ? model.memory.colour : "";
      const wellEnded = model.ended === "done" ? live === "green" : live === "blue";
      return model.answers() && wellEnded && (model.ended === "done") === (good && healthy.green);
    });
    fc.assert(property, { numRuns: 2_000 });
  });
});

describe("drift", () => {
  const find = (change: Partial<WorldSetup>): readonly string[] => {
    const records: WorldSetup["records"] = [...GOOD_RECORDS, { mark: "end", end: "done" }];
    return planRecovery(new DeployModel({ ...SETUP, records, ...change }).world()).findings.map(describeDrift);
  };

  it("is nothing where everything is as a deploy left it", () => {
    expect(find({ blue: "ready", green: "stopped" })).toEqual([]);
    expect(find({ memory: NOWHERE, file: NOWHERE, blue: "absent", green: "absent" })).toEqual([]);
  });

  it("is told in one sentence each", () => {
    expect(find({ file: GREEN })).toEqual(["the router sends traffic to blue, but after a restart it would to green"]);
    expect(find({ blue: "stopped", green: "absent" })).toEqual([
      "blue gets the traffic, but its containers are stopped",
      "no colour runs",
    ]);
    expect(find({ memory: ELSEWHERE, file: ELSEWHERE })).toEqual([
      "traffic goes to `red`, which docker/build-config.json does not know",
    ]);
    expect(find({ memory: OBSERVED, file: OBSERVED })).toEqual([
      "the other colour still stands by for green, although no deploy is under way here",
    ]);
    expect(find({ memory: CANARY, file: CANARY })).toEqual([
      "25 % of the traffic go to green and the rest to blue, although no deploy is under way here",
    ]);
    expect(find({ memory: NOWHERE, file: NOWHERE, blue: "stopped", green: "absent" })).toEqual(["no colour runs"]);
  });

  it("is not what an open deploy explains", () => {
    const records = until("intent", "observe");
    expect(find({ records, memory: OBSERVED, file: OBSERVED })).toEqual([]);
    expect(find({ records, memory: CANARY, file: CANARY })).toEqual([]);
  });
});
