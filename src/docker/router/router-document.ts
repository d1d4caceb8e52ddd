import { createHash } from "node:crypto";
import type { RouterConfig } from "../../model/router.ts";
import { LABELS } from "../../model/observation.ts";
import type { ComposeOverride } from "../compose.ts";
import { HAPROXY_PLACES, renderHaproxyConfig } from "./haproxy-config.ts";
import { renderNginxConfig, renderNginxState } from "./nginx-config.ts";
import { ROUTER_SERVICE, routerNetworkName } from "./router-container.ts";

/** A file that lies in the router's container. */
export interface RouterFile {
  /** Its name in the directory of its kind. */
  readonly name: string;
  readonly content: string;
}

/** What the user adds: read from the project directory. */
export interface RouterAdditions {
  readonly fragment?: string;
  readonly files: readonly RouterFile[];
}

/** Label of the router's container: digest of all that it was made from, the image's id apart. */
export const ROUTER_VERSION_LABEL = "dev.orchestrate.router";

const DIRECTORY = "/etc/orchestrate";

/** Digest of the configuration that a driver makes of it; what a release depends on. */
export function routerConfigVersion(config: RouterConfig): string {
  return digest([config.driver, config.image, renderConfig(config)]);
}

/**
 * The router as a compose document. Its files are part of it (compose copies them into the container), so that it can be put on
 * an engine elsewhere and needs no directory there. Its state is a directory on a volume: a single file that is mounted would
 * never see its replacement.
 */
export function renderRouterDocument(
  project: string,
  config: RouterConfig,
  additions: RouterAdditions,
): ComposeOverride {
  const files: readonly RouterFile[] = [
    { name: "start.sh", content: renderStart(config, additions) },
    { name: CONFIG_NAME[config.driver], content: renderConfig(config) },
    ...(additions.fragment === undefined ? [] : [{ name: FRAGMENT, content: additions.fragment }]),
    ...additions.files.map(({ name, content }) => ({ name: `files/${name}`, content })),
  ];
  const service = renderService(config, files);
  const version = digest([service, files]);
  const labels = { [LABELS.project]: project, [ROUTER_VERSION_LABEL]: version };
  return {
    services: { [ROUTER_SERVICE]: { ...service, labels } },
    networks: { router: { name: routerNetworkName(project) } },
    volumes: { state: { name: `${project}-router-state` } },
    configs: Object.fromEntries(files.map(({ content }, index) => [`file${index}`, { content: escape(content) }])),
  };
}

/** The version that a router made from this document carries as its label. */
export function versionOf(document: ComposeOverride): string {
  const labels = document.services?.[ROUTER_SERVICE]?.["labels"];
  const version: unknown =
    typeof labels === "object" && labels !== null ? Reflect.get(labels, ROUTER_VERSION_LABEL) : "";
  return typeof version === "string" ? version : "";
}

/** The command that checks the configuration in a container of its own and starts nothing. */
export const ROUTER_CHECK = ["sh", `${DIRECTORY}/start.sh`, "check"] as const;

const CONFIG_NAME = { haproxy: "haproxy.cfg", nginx: "nginx.conf" } as const;
const FRAGMENT = "fragment.cfg";

function renderService(config: RouterConfig, files: readonly RouterFile[]): Readonly<Record<string, unknown>> {
  const { port, previewPort, fragmentPorts, image } = config;
  return {
    image,
    // Root opens the ports and reads the state; the workers are nobody.
    user: "0",
    entrypoint: ["sh", `${DIRECTORY}/start.sh`],
    command: [],
    // Not `unless-stopped`: what a dockerd that crashed finds running it stops, and then takes for stopped by a person.
    restart: "always",
    // HAProxy takes SIGUSR1, its images' own, as a wish to go when the last websocket does: 15 s without a listener.
    stop_signal: config.driver === "haproxy" ? "SIGTERM" : "SIGQUIT",
    cap_drop: ["ALL"],
    // KILL: without it a stop of workers that are nobody takes until SIGKILL.
    cap_add: ["CHOWN", "KILL", "SETUID", "SETGID", "NET_BIND_SERVICE"],
    security_opt: ["no-new-privileges:true"],
    ports: [
      { target: HAPROXY_PLACES.usersPort, published: String(port) },
      { target: HAPROXY_PLACES.previewPort, published: String(previewPort), host_ip: "127.0.0.1" },
      ...fragmentPorts,
    ],
    networks: { router: {} },
    volumes: [{ type: "volume", source: "state", target: "/state" }],
    configs: files.map(({ name }, index) => ({
      source: `file${index}`,
      target: `${DIRECTORY}/${name}`,
      // What the user adds may hold keys; the program reads it as root, before it becomes nobody.
      ...(name.startsWith("files/") ? { mode: 0o400 } : {}),
    })),
  };
}

function renderConfig(config: RouterConfig): string {
  return config.driver === "haproxy" ? renderHaproxyConfig(config) : renderNginxConfig(config);
}

/** Without its state HAProxy refuses to start: it is made here, and never changed where it exists. */
function renderStart(config: RouterConfig, { fragment }: RouterAdditions): string {
  const make = (file: string, content: string): string =>
    `[ -s ${file} ] || { printf '%s' '${content}' >${file}.new && mv ${file}.new ${file}; }`;
  const lines = ["set -e", "umask 022"];
  if (config.driver === "haproxy") {
    const files = [
      `${DIRECTORY}/${CONFIG_NAME.haproxy}`,
      ...(fragment === undefined ? [] : [`${DIRECTORY}/${FRAGMENT}`]),
    ];
    const options = files.map((file) => `-f ${file}`).join(" ");
    for (const map of [HAPROXY_PLACES.liveMap, HAPROXY_PLACES.previewMap]) lines.push(make(map, "app none\n"));
    lines.push(`[ "$1" != check ] || exec haproxy -c ${options}`, `exec haproxy -W -db ${options}`);
  } else {
    const start = `nginx -c ${DIRECTORY}/${CONFIG_NAME.nginx}`;
    for (const [file, content] of renderNginxState(config)) lines.push(make(file, content));
    lines.push(`[ "$1" != check ] || exec ${start} -t`, `exec ${start} -g 'daemon off;'`);
  }
  return `${lines.join("\n")}\n`;
}

/** Compose replaces `$NAME` in everything it reads. */
function escape(content: string): string {
  return content.replaceAll("$", "$$$$");
}

function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);
}
