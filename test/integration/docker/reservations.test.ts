import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openEngine } from "../../../src/docker/engine.ts";
import type { Engine } from "../../../src/docker/engine.ts";
import { listRunsInProgress } from "../../../src/docker/reservations.ts";
import type { RunInProgress } from "../../../src/model/cleanup.ts";
import { ChildScript } from "../../rig/child-script.ts";
import { SecondEngine } from "../../rig/second-engine.ts";

// On an engine of its own: everybody's reservations count, those of other tests as well.
let second: SecondEngine;
let engine: Engine;
beforeAll(async () => {
  second = await SecondEngine.start();
  const opened = await openEngine({ environment: second.environment });
  if (!opened.ok) throw new Error(JSON.stringify(opened.failure));
  engine = opened.value;
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
});

const scripts: ChildScript[] = [];
afterEach(async () => {
  for (const script of scripts.splice(0)) await script.kill();
});

/** A process that is ready to try. */
async function contender(bytes: number, capacity = 100): Promise<ChildScript> {
  const script = new ChildScript("reservation-contender.ts", [String(bytes), String(capacity)], second.environment);
  scripts.push(script);
  expect(await script.line()).toBe("ready");
  return script;
}

async function ask(script: ChildScript, word = "go"): Promise<string> {
  script.say(word);
  return await script.line();
}

async function runs(): Promise<readonly RunInProgress[]> {
  const listed = await listRunsInProgress(engine);
  if (!listed.ok) throw new Error(JSON.stringify(listed.failure));
  return listed.value;
}

async function volumes(): Promise<readonly string[]> {
  return await second.docker("volume", "ls", "--quiet", "--filter", "label=dev.orchestrate.reservation");
}

describe("reservations on an engine", () => {
  it("let in what fits together, first come first served, and the next when one is given back", async () => {
    const [first, other, third] = [await contender(60), await contender(60), await contender(30)];
    expect(await ask(first)).toBe("held");
    expect(await ask(other)).toBe("refused");
    // It would fit, but the one before it would then wait for it, too.
    expect(await ask(third)).toBe("refused");
    expect(await ask(first, "release")).toBe("released");
    expect(await ask(third)).toBe("held");
    expect(await ask(other)).toBe("held");
  });

  it("never let in too much when many ask at once, and in the end let in all", async () => {
    const many = await Promise.all(Array.from({ length: 8 }, async () => await contender(30)));
    let waiting = many;
    let rounds = 0;
    while (waiting.length > 0) {
      rounds += 1;
      const answers = await Promise.all(waiting.map(async (script) => await ask(script)));
      const held = waiting.filter((_, index) => answers[index] === "held");
      expect(held.length).toBeLessThanOrEqual(3);
      expect((await runs()).reduce((sum, run) => sum + run.reservedBytes, 0)).toBe(held.length * 30);
      for (const script of held) expect(await ask(script, "release")).toBe("released");
      waiting = waiting.filter((script) => !held.includes(script));
      expect(rounds).toBeLessThan(20);
    }
  });

  it("tell which runs are in progress, since when by the engine's clock, and what they may write", async () => {
    const beforeMs = Date.now();
    const one = await contender(40);
    expect(await ask(one)).toBe("held");
    const [run, ...others] = await runs();
    expect(others).toEqual([]);
    expect(run).toMatchObject({ runId: `run-${one.pid}`, reservedBytes: 40 });
    expect(Math.abs((run?.startedAtMs ?? 0) - beforeMs)).toBeLessThan(10_000);
    expect(await volumes()).toHaveLength(2);
    await one.end();
    expect(await runs()).toEqual([]);
    expect(await volumes()).toEqual([]);
  });

  it("of a process that was killed are ignored and removed, wherever it stood", async () => {
    const [holder, queued, next] = [await contender(80), await contender(80), await contender(80)];
    expect(await ask(holder)).toBe("held");
    expect(await ask(queued)).toBe("refused");
    expect(await ask(next)).toBe("refused");
    await holder.kill();
    await queued.kill();
    expect(await ask(next)).toBe("held");
    expect(await runs()).toHaveLength(1);
    expect(await volumes()).toHaveLength(2);
  });
});
