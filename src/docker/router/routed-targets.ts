import type { Colour, Route, RouterConfig } from "../../model/router.ts";

/** A port of a service behind the router, by however many routes it is reached. */
export interface RoutedTarget {
  /** Unique; the service, with the port where the service is routed to on several. Part of the names of backends. */
  readonly name: string;
  readonly service: string;
  readonly port: number;
  /** Of the first route that says so. */
  readonly checkPath?: string;
}

/** A route with what it leads to. */
export interface TargetedRoute {
  readonly route: Route;
  readonly target: RoutedTarget;
}

/** The routes in their order, each with its target; routes to the same port of a service share one. */
export function resolveTargets({ routes }: RouterConfig): {
  readonly targets: readonly RoutedTarget[];
  readonly routes: readonly TargetedRoute[];
} {
  const ports = new Map<string, Set<number>>();
  for (const { service, port } of routes) ports.set(service, (ports.get(service) ?? new Set()).add(port));
  const targets = new Map<string, RoutedTarget>();
  const targeted = routes.map((route) => {
    const { service, port } = route;
    const name = (ports.get(service)?.size ?? 1) > 1 ? `${service}:${port}` : service;
    const checkPath = routes.find(
      (other) => other.service === service && other.port === port && other.checkPath !== undefined,
    )?.checkPath;
    const target = targets.get(name) ?? { name, service, port, ...(checkPath === undefined ? {} : { checkPath }) };
    targets.set(name, target);
    return { route, target };
  });
  return { targets: [...targets.values()], routes: targeted };
}

/** The name under which the router finds a service of a colour. */
export function routerAlias(service: string, colour: Colour): string {
  return `${service}-${colour}`;
}
