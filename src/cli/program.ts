import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { parseByteSize } from "../model/byte-size.ts";
import { parseDuration } from "../model/duration.ts";
import { COMMANDS } from "./command-table.ts";
import { Options } from "./command-declaration.ts";
import type { CommandDeclaration, OptionDeclaration } from "./command-declaration.ts";
import { EXIT } from "./exit-code.ts";
import type { Surroundings } from "./surroundings.ts";
import { VERSION } from "./version.ts";

const GIGABYTE = 1e9;

const EXIT_CODES = `
Exit codes:
  0     success
  1     a task failed or a limit is broken
  2     nothing could start: wrong usage, a mistake in a file, no Docker Engine
  70    a bug in orchestrate
  128+n ended by signal n (130 is Ctrl-C)
`;

/** What a program writes to; standard streams, or text that is collected for the generated help. */
export interface ProgramOutput {
  writeOut(text: string): void;
  writeErr(text: string): void;
}

/** Called with the command that the command line names. */
export type Dispatch = (declaration: CommandDeclaration, args: readonly string[], options: Options) => Promise<void>;

/**
 * Parses the command line and executes the command that it names.
 * Resolves with the exit code; usage errors are told on standard error and give {@link EXIT.usage}.
 */
export async function runProgram(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  let exitCode: number = EXIT.success;
  const program = createProgram(
    { writeOut: (text) => surroundings.stdout.write(text), writeErr: (text) => surroundings.stderr.write(text) },
    async (command, args, options) => {
      const { execute } = await command.load();
      exitCode = await execute({ command, arguments: args, options, argv }, surroundings);
    },
    argv[0],
  );
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.success : EXIT.usage;
    throw error;
  }
}

/**
 * The command line as commander knows it. Where the command is known (`only`), the others are left out: nothing lists or
 * suggests them then, and declaring them costs more than the rest of a start.
 */
export function createProgram(output: ProgramOutput, dispatch: Dispatch, only?: string): Command {
  const program = new Command("orchestrate")
    .description(
      "Declarative build orchestrator for Docker projects: clean, build, verify and deploy as one task graph.",
    )
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .configureHelp({ helpWidth: 100, showGlobalOptions: false })
    .configureOutput(output)
    .showSuggestionAfterError(true)
    .showHelpAfterError("(orchestrate --help lists commands and options)")
    .exitOverride()
    .addHelpText(
      "after",
      `${EXIT_CODES}\nStart with: orchestrate doctor, orchestrate list, orchestrate run deploy-blue`,
    );
  const asked = COMMANDS.filter((declaration) => declaration.name === only);
  for (const declaration of asked.length > 0 ? asked : COMMANDS) {
    program.addCommand(createCommand(program, declaration, dispatch));
  }
  return program;
}

function createCommand(program: Command, declaration: CommandDeclaration, dispatch: Dispatch): Command {
  const command = new Command(declaration.name)
    .copyInheritedSettings(program)
    .summary(declaration.summary)
    .description(declaration.description)
    .addHelpText("after", `\n${describeExamples(declaration)}`);
  if (declaration.argument !== undefined)
    command.argument(declaration.argument.notation, declaration.argument.description);
  const options = declaration.options.map(createOption);
  for (const option of options) command.addOption(option);
  return command.action(async () => {
    const values: Readonly<Record<string, unknown>> = command.opts();
    const named = options.map((option) => [option.name(), values[option.attributeName()]] as const);
    await dispatch(declaration, command.args, new Options(Object.fromEntries(named)));
  });
}

function createOption(declaration: OptionDeclaration): Option {
  const short = declaration.short === undefined ? "" : `-${declaration.short}, `;
  const option = new Option(`${short}--${declaration.name}${placeholderOf(declaration)}`, declaration.description);
  // `--no-cache` is a flag of its own here, never a negation.
  option.negate = false;
  const { value } = declaration;
  switch (value.type) {
    case "flag":
    case "text":
      return option;
    case "choice":
      return option.choices([...value.choices]);
    case "size":
      return option.argParser(parseSizeArgument);
    case "duration":
      return option.argParser(parseDurationArgument);
    case "count":
      return option.argParser((text) => parseCountArgument(text, value.minimum));
    case "list":
      return option.argParser((text: string, before: string[] | undefined) => [...(before ?? []), ...splitList(text)]);
  }
}

function placeholderOf({ value }: OptionDeclaration): string {
  switch (value.type) {
    case "flag":
      return "";
    case "size":
      return " <SIZE>";
    case "duration":
      return " <TIME>";
    case "count":
      return " <N>";
    case "choice":
      return " <KIND>";
    case "text":
    case "list":
      return ` <${value.placeholder}>`;
  }
}

/** `--service a,b` names two services, while `--var LIST=a,b` sets one variable. */
function splitList(text: string): string[] {
  return text.includes("=") ? [text] : text.split(",").filter((part) => part !== "");
}

function parseSizeArgument(text: string): number {
  const bytes = /^\d+(\.\d+)?$/.test(text) ? Number(text) * GIGABYTE : parseByteSize(text);
  if (bytes === undefined)
    throw new InvalidArgumentError("Expected a size such as 5GB, 500MB or 1.5GiB; a bare number is GB.");
  return bytes;
}

function parseDurationArgument(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === undefined) throw new InvalidArgumentError("Expected a time such as 30s, 5m or 1h30m.");
  return durationMs;
}

function parseCountArgument(text: string, minimum: number): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < minimum)
    throw new InvalidArgumentError(`Expected a whole number of at least ${minimum}.`);
  return count;
}

function describeExamples(declaration: CommandDeclaration): string {
  const lines = declaration.examples.flatMap(({ command, effect }) => [`  $ ${command}`, `      ${effect}`]);
  return ["Examples:", ...lines].join("\n");
}
