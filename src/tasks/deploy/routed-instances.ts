import type { InspectedContainer } from "../../docker/engine-answers.ts";
import type { Colour, Route, RoutedBackend } from "../../model/router.ts";
import { lastingContainers, serviceOf } from "./project-containers.ts";

/** Where a route leads in a colour: the addresses of all containers of its service. */
export interface WantedInstances {
  readonly service: string;
  /** `ip:port`; `none:port` of a container that is not on the router's network. */
  readonly addresses: readonly string[];
}

/** What the router must see before traffic is directed to these containers, for each route. */
export function wantInstances(
  routes: readonly Route[],
  containers: readonly InspectedContainer[],
  network: string,
): readonly WantedInstances[] {
  return routes.map(({ service, port }) => {
    const own = lastingContainers(containers).filter((container) => serviceOf(container) === service);
    return { service, addresses: own.map(({ ipAddresses }) => `${ipAddresses[network] ?? "none"}:${port}`) };
  });
}

/** The first route that does not lead to all its containers yet, in words; undefined when all do. */
export function describeMissing(
  wanted: readonly WantedInstances[],
  backends: readonly RoutedBackend[],
  colour: Colour,
): string | undefined {
  const instances = backends
    .filter((backend) => backend.colour === colour)
    .flatMap((backend) => backend.instances.map((instance) => ({ ...instance, service: backend.service })));
  const up = new Set(instances.filter(({ state }) => state === "up").map(({ address }) => address));
  const missing = wanted.find(({ addresses }) => addresses.length === 0 || !addresses.every((each) => up.has(each)));
  if (missing === undefined) return undefined;
  const seen = instances.filter(({ service }) => service === missing.service);
  const is = seen.length === 0 ? "unresolved" : seen.map(({ state, address }) => `${state} at ${address}`).join(", ");
  const where = missing.addresses.length > 1 ? "the addresses of its containers" : "its container's address";
  return `${missing.service} of ${colour} is ${is}, still not up at ${where}`;
}
