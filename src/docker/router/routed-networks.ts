import type { Result } from "../../model/failure.ts";
import type { Colour, RouterConfig } from "../../model/router.ts";
import type { ComposeModel } from "../compose-model.ts";
import type { ComposeOverride } from "../compose.ts";
import { isRecord, recordAt } from "../json-value.ts";
import { routerAlias } from "./routed-targets.ts";
import { routerNetworkName } from "./router-container.ts";

/** Key of the router's network in an override; long, so that no network of the user's is meant. */
const NETWORK_KEY = "orchestrate-router";

/**
 * What makes the routed services of a colour reachable for the router: they join its network under the name `service-colour`.
 * Their own networks stay; a service that names none is on `default`, which it would lose if only another were named.
 * Fails with router-failed when a routed service is not in the compose files.
 */
export function routedNetworks(
  model: ComposeModel,
  { project, router }: { readonly project: string; readonly router: RouterConfig },
  colour: Colour,
): Result<ComposeOverride> {
  const services: Record<string, Readonly<Record<string, unknown>>> = {};
  for (const name of new Set(router.routes.map((route) => route.service))) {
    const service = recordAt(model.document, "services")[name];
    if (!isRecord(service)) {
      const error = `the compose files of ${colour} have no service \`${name}\``;
      return { ok: false, failure: { reason: "router-failed", call: `route to ${name}`, error } };
    }
    const own = Object.keys(recordAt(service, "networks"));
    const kept = own.length === 0 ? ["default"] : own;
    services[name] = {
      networks: {
        // An empty entry is merged with what the user wrote and changes nothing of it.
        ...Object.fromEntries(kept.map((network) => [network, {}])),
        [NETWORK_KEY]: { aliases: [routerAlias(name, colour)] },
      },
    };
  }
  const networks = { [NETWORK_KEY]: { external: true, name: routerNetworkName(project) } };
  return { ok: true, value: { services, networks } };
}
