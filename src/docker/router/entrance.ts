import { networkInterfaces } from "node:os";
import type { EngineEndpoint } from "../endpoint.ts";
import { isLocalEngine, publishedHost } from "../endpoint.ts";
import { listAt, parseJson, recordAt, textAt } from "../json-value.ts";
import { findPreview, requestPreview } from "../preview-request.ts";
import type { PreviewPlace } from "../preview-request.ts";
import { ALIVE_PATH } from "./haproxy-config.ts";
import { findRouterContainer, routerNetworkName } from "./router-container.ts";
import type { RouterSite } from "./router-container.ts";

/** A router that has something to say says it within this time. */
const PATIENCE_MS = 3_000;

/**
 * Whether the published ports lead to the router, as it is from the loopback address of the engine's host. Where one `refuses`
 * although the router runs, the process that passes connections on (docker-proxy) is gone: it ends for good when it may open no
 * more files, at about half as many connections. Others may still get through, by the packet filter of the host.
 */
export type Entrance =
  | { readonly entrance: "answers" }
  | { readonly entrance: "refuses"; readonly port: number; readonly error: string }
  /** Somebody takes the connection, and no answer comes. */
  | { readonly entrance: "silent"; readonly port: number; readonly error: string }
  | { readonly entrance: "unknown"; readonly because: string };

/** Asks the entrance of a router that runs, and where the engine is here also its other ports. Users notice nothing. Never fails. */
export async function probeEntrance(site: RouterSite, signal?: AbortSignal): Promise<Entrance> {
  const { port } = site.config;
  const place = await findEntrance(site.engine.endpoint, port);
  if ("error" in place) return { entrance: "unknown", because: place.error };
  const request = { place, path: ALIVE_PATH, timeoutMs: PATIENCE_MS, ...(signal === undefined ? {} : { signal }) };
  const answer = await requestPreview(request);
  if (signal?.aborted === true) return { entrance: "unknown", because: "cancelled" };
  const local = isLocalEngine(site.engine.endpoint);
  const ports = local ? await findOwnPorts(site) : [];
  if (ports === undefined && !answer.answered) {
    return { entrance: "unknown", because: "the engine's ports are not those of this machine" };
  }
  if (!answer.answered) {
    const { error } = answer;
    return { entrance: error.startsWith("no answer within") ? "silent" : "refuses", port, error };
  }
  for (const other of ports ?? []) {
    const error = other === port ? undefined : await connectTo(other);
    if (error !== undefined) return { entrance: "refuses", port: other, error };
  }
  return { entrance: "answers" };
}

/** The preview's way there, and for tcp the host itself: this port is published on all addresses. */
async function findEntrance(
  endpoint: EngineEndpoint,
  port: number,
): Promise<PreviewPlace | { readonly error: string }> {
  const host = endpoint.transport.kind === "tcp" ? publishedHost(endpoint) : undefined;
  return host === undefined ? await findPreview(endpoint, port) : { host, port };
}

/**
 * Ports that the router publishes on the loopback address of this machine. Undefined where it is another machine's: inside a
 * container that was given the engine's socket, or beside a virtual machine. The host of the engine has the gateway of the
 * router's network as an address of its own.
 */
async function findOwnPorts(site: RouterSite): Promise<readonly number[] | undefined> {
  const found = await findRouterContainer(site);
  if (!found.ok || found.value?.state !== "running") return undefined;
  const path = `/containers/${encodeURIComponent(found.value.id)}/json`;
  const answer = await site.engine.request({ method: "GET", path });
  if (!answer.ok) return undefined;
  const settings = recordAt(parseJson(answer.value.body.toString("utf8")), "NetworkSettings");
  const gateway = textAt(recordAt(settings, "Networks")[routerNetworkName(site.project)], "Gateway");
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  if (gateway === "" || own.every(({ address }) => address !== gateway)) return undefined;
  const published = recordAt(settings, "Ports");
  return Object.keys(published)
    .filter((name) => name.endsWith("/tcp"))
    .flatMap((name) => listAt(published, name))
    .filter((binding) => ["0.0.0.0", "127.0.0.1"].includes(textAt(binding, "HostIp")))
    .map((binding) => Number(textAt(binding, "HostPort")));
}

/** Why no connection comes about; undefined when one does, or when that takes too long to say. */
async function connectTo(port: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket = process.getBuiltinModule("node:net").connect({ host: "127.0.0.1", port, timeout: PATIENCE_MS });
  socket.once("error", (error) => resolve(error.message));
  for (const event of ["connect", "timeout"]) socket.once(event, () => resolve(undefined));
  const error = await promise;
  socket.destroy();
  return error;
}
