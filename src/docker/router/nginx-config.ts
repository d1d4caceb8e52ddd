import type { Colour, RouterConfig, Traffic } from "../../model/router.ts";
import { ALIVE_PATH, HAPROXY_PLACES } from "./haproxy-config.ts";
import { resolveTargets, routerAlias } from "./routed-targets.ts";
import type { RoutedTarget, TargetedRoute } from "./routed-targets.ts";
import { formatTraffic } from "./traffic-value.ts";

/** Where things lie in the router's container. */
export const NGINX_PLACES = {
  config: "/etc/orchestrate/nginx.conf",
  /** The user's own part of `http`; hands requests over to port 8080. */
  fragment: "/etc/orchestrate/fragment.cfg",
  live: "/state/live.conf",
  preview: "/state/preview.conf",
  accessLog: "/tmp/access.log",
  /** Says what the workers route by; inside the container only. */
  statusPort: 9998,
} as const;

/**
 * The configuration of nginx for a router. What changes with a switch lies in two files of the state: a variable that names the
 * colour. Names are looked up at run time, so that nginx starts while a colour does not exist.
 */
export function renderNginxConfig(config: RouterConfig): string {
  const { targets, routes } = resolveTargets(config);
  const lines = [
    "# Written by orchestrate from `router` of docker/build-config.json.",
    "worker_processes auto;",
    "error_log /dev/stderr notice;",
    "pid /tmp/nginx.pid;",
    "events { worker_connections 4096; }",
    "http {",
    "  resolver 127.0.0.11 valid=1s ipv6=off;",
    "  log_format count '$colour $status $request_time $http_upgrade';",
    `  access_log off;`,
    "  keepalive_timeout 75s;",
    "  client_max_body_size 0;",
    "  proxy_http_version 1.1;",
    "  proxy_connect_timeout 3s;",
    "  proxy_read_timeout 5m;",
    "  proxy_buffering off;",
    "  proxy_request_buffering off;",
    ...["body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (kind) => `  ${kind === "body" ? "client_body" : kind}_temp_path /tmp/nginx-${kind};`,
    ),
    "  map $http_upgrade $connection_header { default upgrade; '' ''; }",
    `  include ${NGINX_PLACES.live};`,
    `  include ${NGINX_PLACES.preview};`,
    ...targets.flatMap((target, index) => renderUpstream(target, index, config.colours)),
    ...renderServers(routes, targets, "users"),
    ...renderServers(routes, targets, "preview"),
    `  server { listen 127.0.0.1:${NGINX_PLACES.statusPort}; location / { return 200 "$live_word $preview_word\\n"; } }`,
    ...(config.fragment === undefined ? [] : [`  include ${NGINX_PLACES.fragment};`]),
    "}",
  ];
  return `${lines.join("\n")}\n`;
}

/** The files of the state as they are before anything is deployed. */
export function renderNginxState({ colours }: RouterConfig): readonly (readonly [string, string])[] {
  return [
    [NGINX_PLACES.live, renderNginxTraffic("live", { to: "nowhere" }, colours)],
    [NGINX_PLACES.preview, renderNginxTraffic("preview", { to: "nowhere" }, colours)],
  ];
}

/** One of the two files: the word that says where traffic goes, and the colour that a request gets. */
export function renderNginxTraffic(entrance: "live" | "preview", traffic: Traffic, colours: readonly Colour[]): string {
  const word = formatTraffic(traffic);
  const share =
    traffic.to === "canary"
      ? `split_clients $request_id $${entrance}_colour { ${traffic.percent}% ${traffic.colour}; * ${traffic.rest}; }`
      : `map $host $${entrance}_colour { default "${traffic.to === "colour" && colours.includes(traffic.colour) ? traffic.colour : "none"}"; }`;
  return `# ${word}\nmap $host $${entrance}_word { default "${word}"; }\n${share}\n`;
}

function renderUpstream({ service, port }: RoutedTarget, index: number, colours: readonly Colour[]): readonly string[] {
  const entries = colours.map((colour) => `${colour} ${routerAlias(service, colour)}:${port};`);
  return [`  map $colour $upstream_${index} { default ""; ${entries.join(" ")} }`];
}

/** A server for each host name; nginx itself prefers an exact name, and the longest path. */
function renderServers(
  routes: readonly TargetedRoute[],
  targets: readonly RoutedTarget[],
  entrance: "users" | "preview",
): readonly string[] {
  const hosts = new Set(routes.flatMap(({ route }) => route.hosts));
  return [undefined, ...hosts].flatMap((host) => renderServer(host, routes, targets, entrance));
}

function renderServer(
  host: string | undefined,
  routes: readonly TargetedRoute[],
  targets: readonly RoutedTarget[],
  entrance: "users" | "preview",
): readonly string[] {
  const port = entrance === "users" ? HAPROXY_PLACES.usersPort : HAPROXY_PLACES.previewPort;
  const paths = new Map<string, RoutedTarget>();
  for (const { route, target } of routes) {
    const fits = route.hosts.length === 0 || (host !== undefined && route.hosts.includes(host));
    const path = route.path.replace(/\/+$/, "");
    if (fits && !paths.has(path)) paths.set(path, target);
  }
  return [
    "  server {",
    host === undefined ? `    listen ${port} default_server;` : `    listen ${port};`,
    ...(host === undefined ? [] : [`    server_name ${host};`]),
    `    set $colour $${entrance === "users" ? "live" : "preview"}_colour;`,
    ...(entrance === "users" ? [`    access_log ${NGINX_PLACES.accessLog} count;`] : []),
    ...(entrance === "users" ? [`    location = ${ALIVE_PATH} { access_log off; return 200; }`] : []),
    ...(paths.has("") ? [] : ["    location / { return 503; }"]),
    ...[...paths].flatMap(([path, target]) => renderLocations(path, targets.indexOf(target))),
    "  }",
  ];
}

function renderLocations(path: string, target: number): readonly string[] {
  const body = [
    `      if ($upstream_${target} = "") { return 503; }`,
    "      proxy_set_header host $http_host;",
    "      proxy_set_header x-forwarded-for $proxy_add_x_forwarded_for;",
    "      proxy_set_header x-forwarded-proto $scheme;",
    "      proxy_set_header upgrade $http_upgrade;",
    "      proxy_set_header connection $connection_header;",
    `      proxy_pass http://$upstream_${target};`,
    "    }",
  ];
  if (path === "") return ["    location / {", ...body];
  return [`    location = ${path} {`, ...body, `    location ${path}/ {`, ...body];
}
