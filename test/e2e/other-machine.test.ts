import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CliResult } from "../rig/cli.ts";
import { startLoad } from "../rig/load/load-client.ts";
import { renderLoadReport } from "../rig/load/load-report-text.ts";
import { OtherMachine } from "../rig/other-machine.ts";
import { ReleaseProject } from "../rig/release-project.ts";

/** One project and one engine, two machines: each has its own files and its own state. */
let ann: ReleaseProject;
let bob: ReleaseProject;

beforeAll(async () => {
  ann = await ReleaseProject.create();
  for (const name of ["first", "second"]) {
    const deployed = await ann.deploy(name);
    expect(deployed.exitCode, deployed.output).toBe(0);
  }
  bob = await ann.elsewhere();
});

afterAll(async () => {
  await bob?.[Symbol.asyncDispose]();
  await ann[Symbol.asyncDispose]();
});

/** No request fails, and afterwards both machines see the same colour live and nothing unfinished. */
async function underLoad<T>(act: () => Promise<T>): Promise<T> {
  await using load = await startLoad({ url: ann.load.url() });
  await load.until((seen) => seen.requests > 300);
  const result = await act();
  const report = await load.stop();
  expect(report.failed, renderLoadReport(report)).toBe(0);
  expect(await ann.trouble()).toBeUndefined();
  expect(await bob.trouble()).toBeUndefined();
  return result;
}

async function page(): Promise<string> {
  const response = await fetch(ann.load.url(), { headers: { connection: "close" } });
  return await response.text();
}

/** What a deploy says with the reporter ndjson when a phase begins. */
function beginning(phase: string): RegExp {
  return new RegExp(`"id":"phase ${phase}"[^}]*"state":"running"`);
}

interface ListedRelease {
  readonly deployId: string;
  readonly colour: string;
  readonly state: string;
}

async function releases(project: ReleaseProject): Promise<readonly ListedRelease[]> {
  const { stdout } = await project.run("releases", "--json");
  const listed: { readonly releases: readonly ListedRelease[] } = JSON.parse(stdout);
  return listed.releases.map(({ deployId, colour, state }) => ({ deployId, colour, state }));
}

describe("what was deployed from another machine", () => {
  it("is known: what is live, since when, what a rollback means, and all releases", async () => {
    const here = await bob.status();
    const there = await ann.status();
    expect(here).toEqual(there);
    expect(here).toMatchObject({
      live: { colour: "green", sinceMs: expect.any(Number) },
      rollback: { colour: "blue", from: "containers" },
    });
    expect(await releases(bob)).toEqual(await releases(ann));
  });

  it("is not deployed once more when nothing has changed", async () => {
    const again = await bob.run("run", "deploy");
    expect(again.exitCode, again.output).toBe(0);
    expect(again.output).toContain("green is live and already is this release: no container touched");
  });

  it("is rolled back, and forth, and neither machine has to be told", async () => {
    await underLoad(async () => {
      const back = await bob.run("rollback");
      expect(back.exitCode, back.output).toBe(0);
      expect(await page()).toContain("first");
      const forth = await ann.run("rollback");
      expect(forth.exitCode, forth.output).toBe(0);
      expect(await page()).toContain("second");
    });
    expect(await releases(ann)).toEqual(await releases(bob));
  });

  it("is replaced, and rolled back where the next release is unknown", async () => {
    await underLoad(async () => {
      const third = await bob.deploy("third");
      expect(third.exitCode, third.output).toBe(0);
      expect(await page()).toContain("third");
      const back = await ann.run("rollback");
      expect(back.exitCode, back.output).toBe(0);
      expect(await page()).toContain("second");
    });
  });

  it("is found by its name when only its images are left", async () => {
    const first = (await releases(bob)).at(-1);
    await underLoad(async () => {
      const back = await bob.run("rollback", first?.deployId ?? "");
      expect(back.exitCode, back.output).toBe(0);
      expect(await page()).toContain("first");
    });
  });
});

describe("a deploy that was killed on another machine", () => {
  let count = 0;
  /** Kills ann's deploy; gives the name of its release. */
  async function killAnn(transition: string): Promise<string> {
    count += 1;
    const name = `killed-${count}`;
    await ann.load.release(name);
    const { killed, seen } = await ann.killAt(transition);
    expect(killed, seen.join(", ")).toBe(true);
    return name;
  }

  it.each(["intent start", "fact smoke"])(
    "at %s is taken back by a deploy, which then goes on with its own release",
    async (transition) => {
      const name = `bob-${transition.replace(" ", "-")}`;
      await underLoad(async () => {
        await killAnn(transition);
        const deployed = await bob.deploy(name);
        expect(deployed.exitCode, deployed.output).toBe(0);
        expect(deployed.output).toMatch(/deploy \d+T\d+-\w+: abort/);
        expect(await page()).toContain(name);
      });
      expect((await releases(ann)).map(({ state }) => state)).not.toContain("open");
    },
  );

  it("is taken back by a deploy of what is live, too", async () => {
    await underLoad(async () => {
      await killAnn("fact start");
      const deployed = await bob.run("run", "deploy");
      expect(deployed.exitCode, deployed.output).toBe(0);
      expect(deployed.output).toMatch(/deploy \d+T\d+-\w+: abort/);
      expect(deployed.output).toContain("no container touched");
    });
  });

  it.each(["intent cutover", "fact cutover", "intent retire"])(
    "at %s is ended by a deploy, which then takes the colour that is idle by then",
    async (transition) => {
      const name = `bob-${transition.replace(" ", "-")}`;
      await underLoad(async () => {
        await killAnn(transition);
        const deployed = await bob.deploy(name);
        expect(deployed.exitCode, deployed.output).toBe(0);
        expect(await page()).toContain(name);
      });
      expect(await releases(ann)).toEqual(await releases(bob));
    },
  );

  it("is shown as unfinished, and goes on by `deploy --continue`", async () => {
    await underLoad(async () => {
      const killed = await killAnn("fact gate");
      expect((await bob.status()).open).toMatchObject({ next: "continue" });
      const ended = await bob.run("deploy", "--continue");
      expect(ended.exitCode, ended.output).toBe(0);
      expect(await page()).toContain(killed);
    });
  });

  it("goes back by `deploy --abort`, also when it has the traffic", async () => {
    await underLoad(async () => {
      const killed = await killAnn("intent observe");
      expect(await page()).toContain(killed);
      const ended = await bob.run("deploy", "--abort");
      expect(ended.exitCode, ended.output).toBe(0);
      expect(await page()).not.toContain(killed);
    });
    expect((await releases(ann))[0]).toMatchObject({ state: "rolled-back" });
  });

  it("is not what a rollback goes to", async () => {
    const good = (await releases(bob)).filter(({ state }) => state === "done").map(({ deployId }) => deployId);
    await underLoad(async () => {
      const killed = await killAnn("fact start");
      const back = await bob.run("rollback");
      expect(back.exitCode, back.output).toBe(0);
      expect(await page()).not.toContain(killed);
    });
    const [newest] = await releases(ann);
    expect(newest).toMatchObject({ state: "done" });
    expect(good).not.toContain(newest?.deployId);
  });
});

describe("a machine that goes away in the middle of a deploy", () => {
  it("keeps the lock for a minute; then whoever waits ends its deploy and does its own", async () => {
    const machine = new OtherMachine();
    await ann.load.release("lost");
    await underLoad(async () => {
      const deploy = ann.startAt(machine, "run", "deploy", "--reporter", "ndjson");
      await deploy.waitFor(beginning("observe"));
      await machine.powerOff();
      expect((await deploy.done).exitCode).not.toBe(0);
      expect(await page()).toContain("lost");
      const deployed = await bob.deploy("found");
      expect(deployed.exitCode, deployed.output).toBe(0);
      expect(deployed.output).toMatch(/wait for \S+ \(process \d+, deploy \S+\), who deploys/);
      expect(deployed.output).toMatch(/deploy \S+: continue, it was interrupted in observe/);
      expect(await page()).toContain("found");
    });
    expect(await releases(ann)).toEqual(await releases(bob));
  });
});

describe("a deploy that is under way on another machine", () => {
  it("is named, waited for no longer than asked, and left alone", async () => {
    await ann.load.release("slow");
    await underLoad(async () => {
      const deploy = ann.start("run", "deploy", "--reporter", "ndjson");
      await deploy.waitFor(beginning("observe"));
      expect((await bob.status()).open).toMatchObject({
        holder: expect.stringMatching(new RegExp(`process ${deploy.pid}, deploy`)),
      });
      // Stopped it is alive, and it cannot end before the others have asked.
      deploy.signal("SIGSTOP");
      const commands = [["run", "deploy"], ["rollback"], ["switch", "blue"], ["deploy"]] as const;
      const refused: CliResult[] = [];
      // One after the other: they would also find each other at work.
      for (const command of commands) refused.push(await bob.run(...command, "--lock-timeout", "0s"));
      refused.push(await bob.run("rollback", "--lock-timeout", "100ms"));
      deploy.signal("SIGCONT");
      for (const { exitCode, output } of refused) {
        expect(exitCode, output).toBe(1);
        expect(output).toMatch(new RegExp(`is being deployed by .*process ${deploy.pid}, deploy`));
      }
      const ended = await deploy.done;
      expect(ended.exitCode, ended.output).toBe(0);
      expect(await page()).toContain("slow");
    });
  });
});
