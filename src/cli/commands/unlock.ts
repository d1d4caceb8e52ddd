import type { EngineTarget } from "../../docker/endpoint.ts";
import { unlockDeploy } from "../../tasks/deploy/deploy-unlock.ts";
import type { FoundLock } from "../../tasks/deploy/deploy-unlock.ts";
import type { Result } from "../../model/failure.ts";
import { findEnvironment, openConfigured } from "../ad-hoc-command.ts";
import type { ConfiguredProject } from "../ad-hoc-command.ts";
import type { Invocation } from "../command-declaration.ts";
import { EngineRoom } from "../engine-room.ts";
import { EXIT } from "../exit-code.ts";
import { openHistory } from "../history.ts";
import { renderLocks } from "../release-text.ts";
import type { Surroundings } from "../surroundings.ts";
import { tellTrouble } from "../trouble.ts";

/** `orchestrate unlock`: who holds the right to deploy; takes it from somebody who is gone. Exit code 1 where it is left. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const { options } = invocation;
  const json = options.flag("json");
  const configured = await openConfigured(invocation, surroundings);
  if (!configured.ok) return tellTrouble(configured.trouble, surroundings, json);
  const name = options.text("env");
  const environment = name === undefined ? undefined : findEnvironment(configured.value, name);
  if (environment?.ok === false) return tellTrouble(environment.trouble, surroundings, json);
  const force = options.flag("force");
  const found = await unlock(configured.value, surroundings, { target: environment?.value, force });
  if (!found.ok) return tellTrouble({ trouble: "failure", failure: found.failure }, surroundings, json);
  const { project } = configured.value.buildConfig;
  const text = json
    ? JSON.stringify({ version: 1, project, locks: found.value }, undefined, 2)
    : renderLocks(project, found.value).join("\n");
  surroundings.stdout.write(`${text}\n`);
  return found.value.every(({ removed }) => removed) ? EXIT.success : EXIT.failure;
}

async function unlock(
  configured: ConfiguredProject,
  surroundings: Surroundings,
  { target, force }: { readonly target: EngineTarget | undefined; readonly force: boolean },
): Promise<Result<readonly FoundLock[]>> {
  await using engines = new EngineRoom(surroundings.env);
  const engine = await engines.open(target);
  if (!engine.ok) return engine;
  using history = await openHistory(configured, surroundings);
  const { project } = configured.buildConfig;
  const journal = history.journal === undefined ? {} : { journal: history.journal };
  return await unlockDeploy({ engine: engine.value, project, force, ...journal });
}
