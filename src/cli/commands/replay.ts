import { readFileSync } from "node:fs";
import path from "node:path";
import { parseEvents } from "../../report/ndjson.ts";
import { renderPlain } from "../../report/plain.ts";
import type { Invocation } from "../command-declaration.ts";
import { LOG_DIRECTORY } from "../log-directory.ts";
import { EXIT } from "../exit-code.ts";
import { findProjectDirectory } from "../project-directory.ts";
import { wantsColor } from "../surroundings.ts";
import type { Surroundings } from "../surroundings.ts";

/** `orchestrate replay`: prints a recorded run as the plain reporter printed it. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const [named] = invocation.arguments;
  const file =
    named === undefined
      ? path.join(findProjectDirectory(invocation.options, surroundings), LOG_DIRECTORY, "latest", "events.ndjson")
      : path.resolve(surroundings.cwd, named);
  const text = readText(file);
  if (text === undefined)
    return refuse(surroundings, `${file} cannot be read; \`orchestrate run\` records runs under ${LOG_DIRECTORY}/`);
  const recorded = await parseEvents(text);
  if (!recorded.ok) return refuse(surroundings, `${file}: ${recorded.problem}`);
  if (recorded.unreadableLines > 0) {
    surroundings.stderr.write(
      `warning: ${recorded.unreadableLines} unreadable lines were left out (a killed run ends so)\n`,
    );
  }
  if (recorded.events.at(-1)?.type !== "run-finished") {
    surroundings.stderr.write("warning: the record has no end: the run was killed, or is still going on\n");
  }
  const color = wantsColor(surroundings.stdout, surroundings.env);
  const output = invocation.options.flag("verbose") ? "all" : "normal";
  surroundings.stdout.write(renderPlain(recorded.events, { color, output }));
  return EXIT.success;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function refuse(surroundings: Surroundings, message: string): number {
  surroundings.stderr.write(`error: ${message}\n`);
  return EXIT.usage;
}
