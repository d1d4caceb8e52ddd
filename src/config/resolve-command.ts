import type { RunSpec } from "../model/pipeline.ts";
import type { Template } from "../model/template.ts";
import { resolveProjectPath } from "./project-path.ts";
import type { WrittenTask } from "./schema/pipeline.ts";
import { parseShellScript, scriptEnvironment } from "./shell-script.ts";
import type { Place } from "./value-reader.ts";
import type { WorkContext } from "./work-context.ts";

/** The command of a run task; undefined where it has a problem, which is then reported. */
export function resolveCommand(task: WrittenTask, context: WorkContext): RunSpec | undefined {
  const { run } = task;
  const { base, reader } = context;
  if (run === undefined) return undefined;
  const extended = typeof run === "object" && !Array.isArray(run);
  const place: Place = extended ? { container: run, key: "command" } : { container: task, key: "run" };
  const command = resolveWords(place, context);
  const environment = extended ? reader.templates(run, "env") : {};
  const directory = extended ? readDirectory(run, context) : base;
  if (command === undefined || directory === undefined) return undefined;
  return {
    command: command.command,
    environment: { ...environment, ...command.environment },
    workingDirectory: directory,
  };
}

type Words = Pick<RunSpec, "command" | "environment">;

function resolveWords(place: Place, { reader }: WorkContext): Words | undefined {
  const words: unknown = Reflect.get(place.container, place.key);
  if (Array.isArray(words)) {
    const templates = words.map((_, index) => reader.template(words, index));
    const present = templates.filter((template) => template !== undefined);
    if (present.length < templates.length) return undefined;
    return { command: { form: "arguments", arguments: present }, environment: {} };
  }
  if (typeof words !== "string") return undefined;
  const parsed = parseShellScript(words);
  if (!parsed.ok) {
    const { message, hint, part } = parsed.problem;
    const location = reader.source.partLocation(place.container, place.key, part);
    reader.report("interpolation-invalid", message, location, hint);
    return undefined;
  }
  const { script } = parsed.value;
  const resolve = (reference: string): Template | undefined => reader.templateOf(reference, place);
  const environment = scriptEnvironment(parsed.value, resolve);
  return { command: { form: "shell", script }, environment };
}

function readDirectory(run: object, { reader, base, projectDirectory }: WorkContext): string | undefined {
  if (!Object.hasOwn(run, "working_directory")) return base;
  const written = reader.text(run, "working_directory");
  if (written === undefined) return undefined;
  const directory = resolveProjectPath(base, written, projectDirectory);
  if (directory === undefined) {
    const location = reader.source.valueLocation(run, "working_directory");
    reader.report("path-outside-project", `\`${written}\` leaves the project directory`, location);
  }
  return directory;
}
