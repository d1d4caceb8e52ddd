import { openConfigured } from "../ad-hoc-command.ts";
import type { Invocation } from "../command-declaration.ts";
import { EngineRoom } from "../engine-room.ts";
import { EXIT } from "../exit-code.ts";
import { openRouterSite } from "../router-room.ts";
import { isShut, renderRouterStatus, renderRouterUp, renderRouterUpgrade } from "../router-text.ts";
import type { Surroundings } from "../surroundings.ts";
import { tellTrouble } from "../trouble.ts";
import { mendRouter } from "../../docker/router/router-mending.ts";
import { routerStatus, routerUpgrade } from "../../docker/router/router-project.ts";
import type { RouterSite } from "../../docker/router/router-project.ts";
import type { Failure, Result } from "../../model/failure.ts";

const ACTIONS = ["up", "status", "upgrade"] as const;
type Action = (typeof ACTIONS)[number];

/** `orchestrate router up|status|upgrade`: the project's router, which no deploy ever restarts. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const json = invocation.options.flag("json");
  const action = ACTIONS.find((known) => known === invocation.arguments[0]);
  if (action === undefined) {
    surroundings.stderr.write(`error: \`orchestrate router\` takes one of ${ACTIONS.join(", ")}\n`);
    return EXIT.usage;
  }
  const configured = await openConfigured(invocation, surroundings);
  if (!configured.ok) return tellTrouble(configured.trouble, surroundings, json);
  await using engines = new EngineRoom(surroundings.env);
  const site = await openRouterSite(configured.value.buildConfig, configured.value.directory, engines);
  if (!site.ok) return tellTrouble({ trouble: "failure", failure: site.failure }, surroundings, json);
  const done = await perform(action, site.value, surroundings);
  if (!done.ok) {
    await tellTrouble({ trouble: "failure", failure: done.failure }, surroundings, json);
    return EXIT.failure;
  }
  const { value, text, failed } = done.value;
  surroundings.stdout.write(json ? `${JSON.stringify({ version: 1, ...value }, undefined, 2)}\n` : text);
  return failed ? EXIT.failure : EXIT.success;
}

/** What an action gives: for scripts, for people, and whether something is wrong. */
interface Done {
  readonly value: object;
  readonly text: string;
  readonly failed: boolean;
}

async function perform(
  action: Action,
  site: RouterSite,
  { signal }: Surroundings,
): Promise<{ readonly ok: true; readonly value: Done } | { readonly ok: false; readonly failure: Failure }> {
  switch (action) {
    case "up":
      return finish(await mendRouter(site, { signal }), (up) => renderRouterUp(up, site.config));
    case "upgrade":
      return finish(await routerUpgrade(site, { signal }), renderRouterUpgrade);
    case "status":
      return finish(
        await routerStatus(site, { signal }),
        (status) => renderRouterStatus(status, Date.now()),
        ({ view, entrance }) => view === undefined || isShut(entrance),
      );
  }
}

function finish<T extends object>(
  result: Result<T>,
  render: (value: T) => string,
  isWrong: (value: T) => boolean = () => false,
): Result<Done> {
  if (!result.ok) return result;
  const { value } = result;
  return { ok: true, value: { value, text: render(value), failed: isWrong(value) } };
}
