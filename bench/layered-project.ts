import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { BakeDefinition } from "../src/model/bake-definition.ts";

/** Tasks of one layer; each needs tasks of the layer before. */
const LAYER = 25;
const SERVICES = 30;

/** A project with one pipeline and the bake targets that its build tasks name. */
export interface LayeredProject {
  readonly pipelineYaml: string;
  readonly buildConfigJson: string;
  readonly definition: BakeDefinition;
}

/**
 * A layered random graph of `count` tasks: a fifth are build tasks of one bake target each, a tenth check sizes, the rest
 * run a command; each needs one or two tasks of the layer before it. The same count gives the same project.
 */
export function makeLayeredProject(count: number): LayeredProject {
  const random = makeRandom(count);
  const lines = ["name: layered", "description: A layered random graph", "concurrency: { tasks: 4 }", "tasks:"];
  const target: Record<string, { tags: string[] }> = {};
  for (let index = 0; index < SERVICES; index += 1) target[`service-${index}`] = { tags: [`layered/${index}:latest`] };
  for (let index = 0; index < count; index += 1) {
    lines.push(`  task-${index}:`);
    const needs = pickNeeds(index, random);
    if (needs.length > 0) lines.push(`    needs: [${needs.map((need) => `task-${need}`).join(", ")}]`);
    const draw = random();
    if (draw < 0.2) {
      const name = index < SERVICES * 5 ? `service-${index % SERVICES}` : `target-${index}`;
      target[name] ??= { tags: [`layered/${name}:latest`] };
      lines.push(`    build: { targets: [${name}] }`);
    } else if (draw < 0.3) {
      lines.push("    verify:", "      - size: {}");
    } else {
      lines.push("    timeout: 5m", `    run: ["./scripts/step.sh", "--number", "${index}"]`);
    }
  }
  const services = Object.fromEntries(
    Array.from({ length: SERVICES }, (_, index) => [`service-${index}`, { size_limit: "100MB" }]),
  );
  return {
    pipelineYaml: `${lines.join("\n")}\n`,
    buildConfigJson: JSON.stringify({ project: "layered", services }),
    definition: { target, group: {} },
  };
}

/** Writes the files of the project where `loadProject` looks for them. */
export function writeLayeredProject(directory: string, project: LayeredProject): void {
  mkdirSync(path.join(directory, "pipelines"), { recursive: true });
  mkdirSync(path.join(directory, "docker"), { recursive: true });
  writeFileSync(path.join(directory, "pipelines/layered.yaml"), project.pipelineYaml);
  writeFileSync(path.join(directory, "docker/build-config.json"), project.buildConfigJson);
}

function pickNeeds(index: number, random: () => number): readonly number[] {
  const start = index - (index % LAYER) - LAYER;
  if (start < 0) return [];
  const picks = [start + Math.floor(random() * LAYER), start + Math.floor(random() * LAYER)];
  return [...new Set(picks)];
}

/** A linear congruential generator: numbers in [0, 1), the same for the same seed. */
function makeRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
