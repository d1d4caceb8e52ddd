import type { Environment, Service } from "../model/build-config.ts";
import { COMMAND_LINE } from "../model/location.ts";
import { PLAIN_BAKE_CALL } from "../model/pipeline.ts";
import type { Check, CleanSpec, Pipeline, PipelineTask, TaskSettings, TaskWork } from "../model/pipeline.ts";
import type { DeploySettings } from "../model/release.ts";

/** Where tasks come from that a command makes without a file. */
const HERE = { file: COMMAND_LINE, line: 1, column: 1 } as const;

const SETTINGS: TaskSettings = {
  needs: [],
  condition: { is: "success" },
  continueOnError: false,
  timeoutMs: 60 * 60_000,
  retry: { max: 0, on: [], backoffMs: 0 },
  pools: {},
  resources: {},
};

/** A pipeline of a command that runs one kind of task, such as `orchestrate build`. */
export function createAdHocPipeline(
  name: string,
  tasks: readonly PipelineTask[],
  options: { readonly environment?: Environment } = {},
): Pipeline {
  return {
    name,
    variant: options.environment === undefined ? name : `${name}-${options.environment.name}`,
    ...options,
    concurrency: { tasks: 4, pools: {} },
    tasks,
    location: HERE,
  };
}

/** A clean task named after its policy. */
export function cleanTask(name: string, clean: CleanSpec): PipelineTask {
  return task(name, [], { kind: "clean", clean });
}

/** A build of the services' bake targets, or of bake's default group where there are none. */
export function buildTask(services: readonly Service[], needs: readonly string[], noCache: boolean): PipelineTask {
  const names = [...new Set(services.map((service) => service.bakeTarget))];
  const targets = (names.length > 0 ? names : ["default"]).map((name) => ({ name, location: HERE }));
  return task("images", needs, { kind: "build", build: { targets, bake: { ...PLAIN_BAKE_CALL, noCache } } });
}

/** A verify task. */
export function verifyTask(checks: readonly Check[]): PipelineTask {
  return task("checks", [], { kind: "verify", checks });
}

/** A deploy of the environment as docker/build-config.json describes it. */
export function deployTask(settings: DeploySettings, allowUnverified = false): PipelineTask {
  return task("release", [], {
    kind: "deploy",
    deploy: { composeFiles: [], readiness: { timeoutMs: 120_000, minReadyMs: 2_000 }, settings, allowUnverified },
  });
}

function task(name: string, needs: readonly string[], work: TaskWork): PipelineTask {
  const edges = needs.map((need) => ({ task: need, location: HERE }));
  return { ...SETTINGS, name, needs: edges, location: HERE, ...work };
}
