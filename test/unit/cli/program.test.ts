import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../../src/cli/command-table.ts";
import type { Options } from "../../../src/cli/command-declaration.ts";
import { createProgram } from "../../../src/cli/program.ts";

interface Parsed {
  readonly command?: string;
  readonly arguments: readonly string[];
  readonly options?: Options;
  readonly output: string;
  readonly code?: string;
}

/** Parses a command line without executing it. */
async function parse(...argv: string[]): Promise<Parsed> {
  let output = "";
  let parsed: Parsed = { arguments: [], output };
  const collect = (text: string): void => {
    output += text;
  };
  const program = createProgram({ writeOut: collect, writeErr: collect }, (command, args, options) => {
    parsed = { command: command.name, arguments: args, options, output };
    return Promise.resolve();
  });
  try {
    await program.parseAsync(argv, { from: "user" });
    return { ...parsed, output };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "none";
    return { arguments: [], output, code };
  }
}

describe("command line", () => {
  it("reads arguments, flags, sizes, counts, lists and choices", async () => {
    const run = await parse(
      "run",
      "deploy-blue",
      "deploy-green",
      "--only",
      "a,b",
      "--only",
      "c",
      "--concurrency",
      "3",
      "--fail-fast",
    );
    expect(run.command).toBe("run");
    expect(run.arguments).toEqual(["deploy-blue", "deploy-green"]);
    expect(run.options?.list("only")).toEqual(["a", "b", "c"]);
    expect(run.options?.number("concurrency")).toBe(3);
    expect(run.options?.flag("fail-fast")).toBe(true);
    expect(run.options?.flag("keep-going")).toBe(false);
    expect((await parse("graph", "x", "--format", "dot")).options?.text("format")).toBe("dot");
  });

  it("takes a bare size as gigabytes, as the scripts did, and sizes with units", async () => {
    expect((await parse("clean", "--max-cache", "5")).options?.number("max-cache")).toBe(5e9);
    expect((await parse("clean", "--max-cache", "500MB")).options?.number("max-cache")).toBe(5e8);
    expect((await parse("clean", "--max-cache", "1.5GiB")).options?.number("max-cache")).toBe(1.5 * 2 ** 30);
  });

  it("takes a time with its unit, and none for as long as it takes", async () => {
    expect((await parse("run", "x", "--lock-timeout", "1m30s")).options?.number("lock-timeout")).toBe(90_000);
    expect((await parse("rollback", "--lock-timeout", "0s")).options?.number("lock-timeout")).toBe(0);
    expect((await parse("deploy")).options?.number("lock-timeout")).toBeUndefined();
  });

  it("reads --no-cache as a flag of its own", async () => {
    expect((await parse("build", "--no-cache")).options?.flag("no-cache")).toBe(true);
    expect((await parse("build")).options?.flag("no-cache")).toBe(false);
  });

  it("keeps commas in a variable's value", async () => {
    expect((await parse("run", "x", "--var", "LIST=a,b")).options?.list("var")).toEqual(["LIST=a,b"]);
  });

  it.each([
    [["biuld"], "commander.unknownCommand", "(Did you mean build?)"],
    [["build", "--servce", "x"], "commander.unknownOption", "(Did you mean --service?)"],
    [["run"], "commander.missingArgument", "pipelines"],
    [["list", "extra"], "commander.excessArguments", "too many arguments"],
    [["clean", "--keep-images", "0"], "commander.invalidArgument", "at least 1"],
    [["clean", "--max-cache", "5 bananas"], "commander.invalidArgument", "such as 5GB"],
    [["switch", "blue", "--lock-timeout", "5"], "commander.invalidArgument", "such as 30s"],
    [["run", "x", "--reporter", "loud"], "commander.invalidArgument", "Allowed choices"],
  ])("refuses %j", async (argv, code, message) => {
    const parsed = await parse(...argv);
    expect(parsed.code).toBe(code);
    expect(parsed.output).toContain(message);
  });

  it.each(COMMANDS.map((command) => [command.name]))("documents %s with examples that parse", async (name) => {
    const help = await parse(name, "--help");
    expect(help.output).toContain("Examples:");
    for (const example of COMMANDS.find((command) => command.name === name)?.examples ?? []) {
      const [program, ...argv] = example.command.split(" ");
      expect(program).toBe("orchestrate");
      expect((await parse(...argv)).command).toBe(name);
    }
  });
});
