import type { Colour, RouterConfig } from "../../model/router.ts";
import { resolveTargets, routerAlias } from "./routed-targets.ts";
import type { RoutedTarget, TargetedRoute } from "./routed-targets.ts";
import { standbyOf } from "./traffic-value.ts";

/** Where things lie in the router's container. */
export const HAPROXY_PLACES = {
  usersPort: 8080,
  /** Where the user's own frontends hand requests over, by the PROXY protocol. */
  handoverPort: 8081,
  previewPort: 8090,
  runtimePort: 9999,
  liveMap: "/state/live.map",
  previewMap: "/state/preview.map",
  /** The only key of both maps: one key for all services makes a switch atomic. */
  key: "app",
} as const;

/** The entrance itself answers here, whatever is live; asked to know whether connections get to the router. */
export const ALIVE_PATH = "/.orchestrate/alive";

/** The backends of a routed service in a colour. A colour has no `.` in its name, so that no two are the same. */
export const HAPROXY_BACKENDS = {
  /** Settled: this colour and nothing else. */
  settled: (target: string, colour: Colour) => `be_${target}.${colour}`,
  /** Observed: the other colours stand by. */
  observed: (target: string, colour: Colour) => `be_${target}.${standbyOf(colour)}`,
  /** Asked when every check says down: better to try than to refuse. */
  panic: (target: string, colour: Colour) => `panic_${target}.${colour}`,
  websockets: (target: string, colour: Colour) => `ws_${target}.${colour}`,
} as const;

/** So many containers a routed service may have in a colour. Places that nobody takes cost next to nothing. */
export const MOST_INSTANCES = 8;

/** The servers of a colour in a backend: a place for each container that its name may lead to. */
export const HAPROXY_SERVERS = {
  prefix: (colour: Colour) => `${colour}.`,
  names: (colour: Colour) => Array.from({ length: MOST_INSTANCES }, (_, index) => `${colour}.${index + 1}`),
  /** A colour has no `.` in its name. */
  isOf: (server: string, colour: Colour) => server.startsWith(`${colour}.`),
} as const;

/**
 * The configuration of HAProxy for a router. What each line is for was measured (docs/router.md has the figures); the user's
 * fragment is a second file and may use the backend `orchestrate`.
 */
export function renderHaproxyConfig(config: RouterConfig): string {
  const { targets, routes } = resolveTargets(config);
  const sections = [
    ...GENERAL,
    renderUsers(routes, config.colours),
    renderPreview(routes, config.colours),
    HANDOVER,
    NOWHERE,
    ...targets.flatMap((target) => config.colours.flatMap((colour) => renderBackends(target, colour, config.colours))),
  ];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

const GENERAL = [
  ["# Written by orchestrate from `router` of docker/build-config.json."],
  [
    "global",
    "  log stdout format raw local0 notice",
    "  maxconn 8000",
    "  # Where fewer files may be open than that takes: fewer connections, and not no router.",
    "  no strict-limits",
    "  uid 65534",
    "  gid 65534",
    "  # Inside the container only: whoever reaches it decides where traffic goes.",
    `  stats socket ipv4@127.0.0.1:${HAPROXY_PLACES.runtimePort} level admin`,
    "  stats timeout 30s",
    "  hard-stop-after 30s",
  ],
  [
    "resolvers docker",
    "  nameserver docker 127.0.0.11:53",
    "  accepted_payload_size 8192",
    "  timeout resolve 500ms",
    "  timeout retry 500ms",
    "  hold valid 500ms",
    "  hold nx 5s",
    "  # An engine that restarts answers nothing for a while: the last address is better than none.",
    "  hold other 1h",
    "  hold refused 1h",
    "  hold timeout 1h",
  ],
  [
    "defaults",
    "  mode http",
    "  log global",
    "  option httplog",
    "  option dontlog-normal",
    "  timeout connect 3s",
    "  timeout client 5m",
    "  timeout server 5m",
    "  timeout tunnel 1h",
    "  timeout queue 30s",
    "  timeout http-request 30s",
    "  # 10s gave 8 resets in 49,000 requests, 75s none.",
    "  timeout http-keep-alive 75s",
    "  # The part after connecting; connecting is bounded by `inter`.",
    "  timeout check 5s",
  ],
];

const HANDOVER = ["backend orchestrate", `  server users 127.0.0.1:${HAPROXY_PLACES.handoverPort} send-proxy-v2`];

const NOWHERE = [
  "backend be_none",
  '  http-request return status 503 content-type text/plain string "Nothing is deployed here.\\n" hdr retry-after 5',
];

/** Without `libc`, whose look-ups of colours that do not exist would delay the start; the resolver needs 40 ms. */
const SERVER = "resolvers docker resolve-prefer ipv4 init-addr last,none";
const CHECK = "check inter 2s fastinter 500ms downinter 300ms fall 3 rise 1";
/** A retry repeats the request: only where that is harmless. */
const RETRIES = [
  "  retries 3",
  "  # Each retry asks another container, where there is one.",
  "  option redispatch 1",
  "  retry-on conn-failure empty-response",
  "  http-request disable-l7-retry unless METH_GET or METH_OPTIONS",
];

function renderUsers(routes: readonly TargetedRoute[], colours: readonly Colour[]): readonly string[] {
  return [
    "frontend users",
    `  bind :${HAPROXY_PLACES.usersPort} id 1`,
    `  bind 127.0.0.1:${HAPROXY_PLACES.handoverPort} accept-proxy id 2`,
    "  # Here and not in the defaults: what comes from a frontend of the user's would be named twice.",
    "  option forwardfor",
    "  # Neither logged nor counted.",
    `  monitor-uri ${ALIVE_PATH}`,
    "  http-request set-header x-forwarded-proto http unless { so_id 2 }",
    `  http-request set-var(txn.live) str(${HAPROXY_PLACES.key}),map(${HAPROXY_PLACES.liveMap},none)`,
    "  http-request set-var(txn.to) var(txn.live),field(1,:)",
    "  http-request set-var(txn.percent) var(txn.live),field(2,:)",
    "  http-request set-var(txn.canary) var(txn.live),field(3,:)",
    "  acl is_canary var(txn.canary) -m len gt 0",
    "  http-request set-var(txn.to) var(txn.canary) if is_canary { rand(100),sub(txn.percent) lt 0 }",
    ...renderRoutes(routes, colours, true),
  ];
}

/** Without the panic backends: a smoke test must see what the checks see. */
function renderPreview(routes: readonly TargetedRoute[], colours: readonly Colour[]): readonly string[] {
  return [
    "frontend preview",
    `  bind :${HAPROXY_PLACES.previewPort}`,
    "  option forwardfor",
    `  http-request set-var(txn.to) str(${HAPROXY_PLACES.key}),map(${HAPROXY_PLACES.previewMap},none)`,
    ...renderRoutes(routes, colours, false),
  ];
}

function renderRoutes(
  routes: readonly TargetedRoute[],
  colours: readonly Colour[],
  panics: boolean,
): readonly string[] {
  return [
    "  acl is_websocket hdr(upgrade) -i websocket",
    ...colours.map((colour) => `  acl to_${colour} var(txn.to) -m str ${colour} ${standbyOf(colour)}`),
    ...routes.flatMap((route, index) => renderConditions(route, `route_${index}`)),
    ...routes.flatMap((route, index) => renderChoices(route, `route_${index}`, colours, panics)),
    "  default_backend be_none",
  ];
}

/** ACLs of the same name are alternatives. */
function renderConditions({ route }: TargetedRoute, name: string): readonly string[] {
  const path = route.path.replace(/\/+$/, "");
  const suffixes = route.hosts.filter((host) => host.startsWith("*.")).map((host) => host.slice(1));
  const exact = route.hosts.filter((host) => !host.startsWith("*."));
  const host = `  acl ${name}_host req.hdr(host),host_only -i -m`;
  return [
    ...(exact.length === 0 ? [] : [`${host} str ${exact.join(" ")}`]),
    ...(suffixes.length === 0 ? [] : [`${host} end ${suffixes.join(" ")}`]),
    ...(path === "" ? [] : [`  acl ${name}_path path ${path}`, `  acl ${name}_path path_beg ${path}/`]),
  ];
}

function renderChoices(
  { route, target }: TargetedRoute,
  name: string,
  colours: readonly Colour[],
  panics: boolean,
): readonly string[] {
  const { settled, observed, panic, websockets } = HAPROXY_BACKENDS;
  const conditions = [
    ...(route.hosts.length === 0 ? [] : [`${name}_host`]),
    ...(route.path.replace(/\/+$/, "") === "" ? [] : [`${name}_path`]),
  ];
  const use = (backend: string, ...more: readonly string[]): string => {
    const all = [...conditions, ...more];
    return `  use_backend ${backend}${all.length === 0 ? "" : ` if ${all.join(" ")}`}`;
  };
  return [
    ...colours.map((colour) => use(websockets(target.name, colour), "is_websocket", `to_${colour}`)),
    ...(panics ? colours : []).flatMap((colour) =>
      [colour, standbyOf(colour)].map((word) => {
        const backend = word === colour ? settled(target.name, colour) : observed(target.name, colour);
        return use(panic(target.name, colour), `{ var(txn.to) -m str ${word} }`, `{ nbsrv(${backend}) eq 0 }`);
      }),
    ),
    use(settled(target.name, "%[var(txn.to)]")),
  ];
}

function renderBackends(
  target: RoutedTarget,
  colour: Colour,
  colours: readonly Colour[],
): readonly (readonly string[])[] {
  const { settled, observed, panic, websockets } = HAPROXY_BACKENDS;
  const server = (of: Colour): string => {
    const places = `${HAPROXY_SERVERS.prefix(of)} 1-${MOST_INSTANCES}`;
    return `  server-template ${places} ${routerAlias(target.service, of)}:${target.port} ${SERVER}`;
  };
  const others = colours.filter((other) => other !== colour);
  const check = renderCheck(target);
  return [
    [`backend ${settled(target.name, colour)}`, ...RETRIES, ...check, `${server(colour)} ${CHECK}`],
    [
      `backend ${observed(target.name, colour)}`,
      // A request that is sent on a kept connection whose other end has just died is reset, which HAProxy does not repeat. On a
      // connection of its own it is refused, and goes to who stands by: a crash lost 15 requests instead of 21 to 31.
      "  option http-server-close",
      "  option allbackups",
      ...RETRIES,
      ...check,
      `${server(colour)} ${CHECK} observe layer4 error-limit 3 on-error mark-down`,
      ...others.map((other) => `${server(other)} ${CHECK} backup`),
    ],
    [`backend ${panic(target.name, colour)}`, ...RETRIES, server(colour)],
    [`backend ${websockets(target.name, colour)}`, "  option redispatch 1", server(colour)],
  ];
}

function renderCheck({ service, checkPath }: RoutedTarget): readonly string[] {
  if (checkPath === undefined) return [];
  return [
    "  option httpchk",
    `  http-check send meth GET uri ${checkPath} ver HTTP/1.1 hdr host ${service}`,
    "  http-check expect status 200-399",
  ];
}
