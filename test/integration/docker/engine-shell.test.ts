import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadEngineEndpoint } from "../../../src/docker/endpoint.ts";
import { Engine } from "../../../src/docker/engine.ts";
import { docker } from "../../rig/light-project.ts";
import { valueOf } from "./routed-colours.ts";
import { Workbench } from "./workbench.ts";

describe("a shell that stays open in a container", () => {
  let bench: Workbench;
  let container: string;

  beforeAll(async () => {
    bench = await Workbench.create();
    await bench.image("shell");
    const words = ["run", "--detach", "--init", "--label", `dev.orchestrate.test=${bench.name}`];
    const [id] = await docker(...words, `${bench.name}/image:shell`, "sh", "-c", "busybox sleep 3600");
    container = id ?? "";
  });

  afterAll(async () => {
    await bench[Symbol.asyncDispose]();
  });

  const open = (): Engine => new Engine(valueOf(loadEngineEndpoint()));

  /** How many commands the engine has under way in the container. */
  const shells = async (): Promise<number> => {
    const [ids] = await docker("inspect", "--format", "{{json .ExecIDs}}", container);
    const parsed: unknown = JSON.parse(ids ?? "null");
    return Array.isArray(parsed) ? parsed.length : 0;
  };

  it("runs one script after another and tells both streams and the exit code of each", async () => {
    await using engine = open();
    const words = ["it's", 'a "b" $HOME `c`', "two\nlines", ""];
    const script = `for word in "$@"; do echo "<$word>"; done; echo "said $#" >&2; exit 3; echo not this`;
    const result = { exitCode: 3, stdout: `<it's>\n<a "b" $HOME \`c\`>\n<two\nlines>\n<>\n`, stderr: "said 4\n" };
    expect(valueOf(await engine.runScript(container, { script, words }))).toEqual(result);
    expect(valueOf(await engine.runScript(container, { script: "printf end", words: [] }))).toMatchObject({
      exitCode: 0,
      stdout: "end",
    });
    expect(valueOf(await engine.runScript(container, { script: "cat; id -u", words: [] })).stdout).toBe("0\n");
    expect(await shells()).toBe(1);
  });

  it("is gone with the connection of the process that opened it", async () => {
    const engine = open();
    valueOf(await engine.runScript(container, { script: "true", words: [] }));
    const before = await shells();
    await engine[Symbol.asyncDispose]();
    await expect.poll(shells).toBeLessThan(before);
  });

  it("takes a long answer whole", async () => {
    await using engine = open();
    const script = `i=0; while [ $i -lt 20000 ]; do echo "$i is a line of some length, so that there are many pieces"; i=$((i + 1)); done`;
    const { stdout } = valueOf(await engine.runScript(container, { script, words: [] }));
    expect(stdout.split("\n")).toHaveLength(20_001);
  });

  it("leaves what comes at the same time to processes of their own", async () => {
    await using engine = open();
    const words = Array.from({ length: 4 }, (_, index) => String(index));
    const answers = await Promise.all(
      words.map(async (word) => await engine.runScript(container, { script: 'sleep 0.1; echo "$1"', words: [word] })),
    );
    expect(answers.map((answer) => valueOf(answer).stdout.trim())).toEqual(words);
  });

  it("runs a script again whose shell was lost", async () => {
    await using engine = open();
    const script = 'if [ -e "$1" ]; then echo again; else echo >"$1"; kill -9 $$; fi';
    const words = [`/lost-${Math.random()}`];
    expect(valueOf(await engine.runScript(container, { script, words })).stdout).toBe("again\n");
    expect(valueOf(await engine.runScript(container, { script: "echo on", words: [] })).stdout).toBe("on\n");
  });

  it("ends a script that is aborted, and has another shell for the next one", async () => {
    await using engine = open();
    valueOf(await engine.runScript(container, { script: "true", words: [] }));
    const aborter = new AbortController();
    const long = engine.runScript(container, { script: "sleep 3600", words: [], signal: aborter.signal });
    aborter.abort();
    expect(await long).toMatchObject({ ok: false, failure: { reason: "engine-unreachable", error: "cancelled" } });
    expect(valueOf(await engine.runScript(container, { script: "echo on", words: [] })).stdout).toBe("on\n");
  });

  it("goes through a connection that is a command, as ssh is", async () => {
    const transport = { kind: "command", arguments: ["docker", "system", "dial-stdio"] } as const;
    await using engine = new Engine({ url: "test://engine", cliEnvironment: {}, transport });
    for (const word of ["one", "two", "three"]) {
      expect(valueOf(await engine.runScript(container, { script: 'echo "$1"', words: [word] })).stdout).toBe(
        `${word}\n`,
      );
    }
  });

  it("says what the engine says where the container does not run or does not exist", async () => {
    await using engine = open();
    const call = { script: "true", words: [] };
    expect(await engine.runScript(`${bench.name}-none`, call)).toMatchObject({ ok: false, failure: { status: 404 } });
    valueOf(await engine.runScript(container, call));
    await docker("stop", "--timeout", "0", container);
    expect(await engine.runScript(container, call)).toMatchObject({ ok: false, failure: { status: 409 } });
    await docker("start", container);
    expect(valueOf(await engine.runScript(container, call)).exitCode).toBe(0);
  });
});
