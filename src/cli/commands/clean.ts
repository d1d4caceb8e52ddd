import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { CleanupPlan } from "../../model/cleanup.ts";
import type { CleanSpec } from "../../model/pipeline.ts";
import { renderCleanupPlan } from "../../plan/cleanup-text.ts";
import { compileAdHoc, openConfigured } from "../ad-hoc-command.ts";
import type { ConfiguredProject } from "../ad-hoc-command.ts";
import { cleanTask, createAdHocPipeline } from "../ad-hoc-pipeline.ts";
import { confirmForeign, findForeign } from "../clean-confirmation.ts";
import { parsePlanFile, serialisePlanFile } from "../clean-plan-file.ts";
import type { PlanFile } from "../clean-plan-file.ts";
import { CleanRoom } from "../clean-room.ts";
import type { CleanPreparation } from "../clean-room.ts";
import type { Invocation, Options } from "../command-declaration.ts";
import { executeGraph } from "../execution.ts";
import { EXIT, signalExitCode } from "../exit-code.ts";
import type { Surroundings } from "../surroundings.ts";
import { refuse, succeed, tellTrouble } from "../trouble.ts";
import type { Outcome } from "../trouble.ts";

/** Options that say what to plan; `--apply` takes a plan as it is. */
const PLANNING = ["aggressive", "max-cache", "keep-images", "min-free", "all-images", "volumes", "plan"] as const;

/** `orchestrate clean`: cleans by a policy, or exactly what an earlier plan lists; without a pipeline file. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const { options } = invocation;
  const json = options.flag("json");
  const configured = await openConfigured(invocation, surroundings);
  if (!configured.ok) return tellTrouble(configured.trouble, surroundings, json);
  const spec = readSpec(options);
  const asks = options.flag("dry-run") || options.text("plan") !== undefined || options.text("apply") !== undefined;
  if (!asks && spec.allImages !== true && spec.volumes !== true) {
    return clean(configured.value, spec, options, surroundings);
  }
  const prepared = await prepare(configured.value, spec, options, surroundings);
  if (!prepared.ok) return tellTrouble(prepared.trouble, surroundings, json);
  const { plan } = prepared.value;
  const file = options.text("plan");
  if (file !== undefined) return writePlan(file, prepared.value, options, surroundings);
  if (options.flag("dry-run")) return show(prepared.value, json, surroundings);
  const foreign = findForeign(plan, prepared.value);
  const confirmed = await confirmForeign(foreign, { yes: options.flag("yes"), json }, surroundings);
  if (!confirmed.ok) return tellTrouble(confirmed.trouble, surroundings, json);
  if (!confirmed.value) return tellUnconfirmed(surroundings);
  return clean(configured.value, { ...spec, planned: plan }, options, surroundings);
}

function tellUnconfirmed({ signal, stderr }: Surroundings): number {
  stderr.write(`${signal.aborted ? `\ncancelled on ${String(signal.reason)}: ` : ""}nothing was removed\n`);
  return signal.aborted ? signalExitCode(String(signal.reason)) : EXIT.failure;
}

async function clean(
  configured: ConfiguredProject,
  spec: CleanSpec,
  options: Options,
  surroundings: Surroundings,
): Promise<number> {
  const pipeline = createAdHocPipeline("clean", [cleanTask("clean", spec)]);
  const compiled = await compileAdHoc(configured, pipeline, surroundings);
  if (!compiled.ok) return tellTrouble(compiled.trouble, surroundings, options.flag("json"));
  return executeGraph(compiled.value, options, surroundings);
}

/** The plan of now, or the one of `--apply` when it is of this project and this engine. */
async function prepare(
  configured: ConfiguredProject,
  spec: CleanSpec,
  options: Options,
  surroundings: Surroundings,
): Promise<Outcome<CleanPreparation>> {
  const file = options.text("apply");
  const written = file === undefined ? undefined : readPlan(file, options, surroundings);
  if (written?.ok === false) return written;
  await using room = await CleanRoom.open(configured, surroundings);
  const observed = await room.observe(spec);
  if (!observed.ok) return { ok: false, trouble: { trouble: "failure", failure: observed.failure } };
  if (file === undefined || written === undefined) return succeed(observed.value);
  const { engine, project } = observed.value;
  const { value } = written;
  if (value.project !== project) return mistake(file, `it was made for the project ${value.project}`);
  if (value.engine.id !== engine.id) {
    return mistake(file, `it was made for the engine of ${value.engine.name}, and this is that of ${engine.name}`);
  }
  return succeed({ ...observed.value, plan: value.plan });
}

function readPlan(file: string, options: Options, surroundings: Surroundings): Outcome<PlanFile> {
  const given = PLANNING.find(
    (name) => options.flag(name) || (options.text(name) ?? options.number(name)) !== undefined,
  );
  if (given !== undefined) return mistake(file, `--${given} would change it; --apply removes exactly what it lists`);
  let text: string;
  try {
    text = readFileSync(path.resolve(surroundings.cwd, file), "utf8");
  } catch (error) {
    return mistake(file, error instanceof Error ? error.message : String(error));
  }
  const parsed = parsePlanFile(text);
  return parsed.ok ? succeed(parsed.file) : mistake(file, parsed.problem);
}

function mistake(file: string, because: string): Outcome<never> {
  const message = `the plan ${file} cannot be applied: ${because}`;
  const hint = "`orchestrate clean --plan FILE` writes a plan of this project and engine as they are now";
  return refuse([{ code: "value-invalid", severity: "error", message, hint }], new Map());
}

async function writePlan(
  file: string,
  prepared: CleanPreparation,
  options: Options,
  surroundings: Surroundings,
): Promise<number> {
  const json = options.flag("json");
  try {
    writeFileSync(path.resolve(surroundings.cwd, file), serialisePlanFile(prepared));
  } catch (error) {
    const message = `the plan cannot be written: ${error instanceof Error ? error.message : String(error)}`;
    const diagnostics = [{ code: "file-unreadable", severity: "error", message } as const];
    return tellTrouble({ trouble: "diagnostics", diagnostics, sources: new Map() }, surroundings, json);
  }
  const code = show(prepared, json, surroundings);
  if (!json)
    surroundings.stdout.write(`Written to ${file}; \`orchestrate clean --apply ${file}\` removes exactly this.\n`);
  return code;
}

/** Lists every item that would be removed, what is kept and why, and the bytes that it would free. */
function show({ plan, isDiskMeasured }: CleanPreparation, json: boolean, surroundings: Surroundings): number {
  surroundings.stdout.write(`${json ? JSON.stringify(plan, undefined, 2) : renderText(plan, isDiskMeasured)}\n`);
  return EXIT.success;
}

function renderText(plan: CleanupPlan, isDiskMeasured: boolean): string {
  const lines = renderCleanupPlan(plan);
  if (isDiskMeasured) return lines.join("\n");
  return [...lines, "The free space of the engine's disk cannot be measured from here."].join("\n");
}

function readSpec(options: Options): CleanSpec {
  const maxCacheBytes = options.number("max-cache");
  const keepImagesPerService = options.number("keep-images");
  const bytes = options.number("min-free");
  return {
    policy: options.flag("aggressive") ? "aggressive" : "normal",
    ...(maxCacheBytes === undefined ? {} : { maxCacheBytes }),
    ...(keepImagesPerService === undefined ? {} : { keepImagesPerService }),
    ...(bytes === undefined ? {} : { minFree: { low: { bytes }, high: { bytes } } }),
    ...(options.flag("all-images") ? { allImages: true } : {}),
    ...(options.flag("volumes") ? { volumes: true } : {}),
  };
}
