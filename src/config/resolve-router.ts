import type { DiagnosticCode } from "../model/diagnostic.ts";
import type { SourceLocation } from "../model/location.ts";
import type { Route, RouterConfig } from "../model/router.ts";
import type { Service } from "../model/build-config.ts";
import { didYouMean, suggest } from "../model/suggestion.ts";
import type { WrittenBuildConfig } from "./schema/build-config.ts";
import type { ValueReader } from "./value-reader.ts";

/** Where nothing is written. The images are those that the drivers were tried with. */
const ROUTER_DEFAULTS = {
  driver: "haproxy",
  colours: ["blue", "green"],
  path: "/",
  images: { haproxy: "haproxy:2.6", nginx: "nginx:1.28-alpine" },
} as const;

/** Words that mean something else where a colour could stand in the router's state. */
const RESERVED_COLOUR = /^none$|_fb$/;

/** What a router refers to. */
export interface RouterSurroundings {
  /** Undefined where they are not known, because their declaration is broken. */
  readonly services: readonly Service[] | undefined;
  readonly environments: readonly string[] | undefined;
  /** Reads a path or a list of them; those that leave the project are reported and left out. */
  readonly paths: (container: object, key: string) => readonly string[];
}

type WrittenRouter = NonNullable<WrittenBuildConfig["router"]>;
type WrittenRoute = WrittenRouter["routes"][number];

/** The router; undefined when there is none, or when a port could not be read, which has then been reported. */
export function resolveRouter(
  written: WrittenRouter | undefined,
  reader: ValueReader,
  around: RouterSurroundings,
): RouterConfig | undefined {
  if (written === undefined) return undefined;
  const port = reader.number(written, "port", PORT);
  const previewPort = reader.number(written, "preview_port", PORT);
  const driver = written.driver ?? ROUTER_DEFAULTS.driver;
  const fragment = around.paths(written, "config")[0];
  const colours = resolveColours(written, reader, around.environments);
  const routes = written.routes.flatMap((route) => resolveRoute(route, reader, around.services) ?? []);
  if (port === undefined || previewPort === undefined) return undefined;
  if (port === previewPort) {
    const location = reader.source.valueLocation(written, "preview_port");
    reader.report("value-invalid", `\`preview_port\` is \`port\``, location, "users must not get to the preview");
  }
  return {
    driver,
    colours,
    port,
    previewPort,
    routes,
    ...(fragment === undefined ? {} : { fragment }),
    fragmentFiles: around.paths(written, "config_files"),
    fragmentPorts: reader.texts(written, "config_ports") ?? [],
    image: reader.text(written, "image") ?? ROUTER_DEFAULTS.images[driver],
  };
}

const PORT = { min: 1, max: 65_535, whole: true };

function resolveColours(
  written: WrittenRouter,
  reader: ValueReader,
  environments: readonly string[] | undefined,
): readonly string[] {
  const list = reader.texts(written, "colours");
  const colours = list ?? ROUTER_DEFAULTS.colours;
  const seen = new Set<string>();
  for (const colour of colours) {
    const problem = colourProblem(colour, seen, environments);
    seen.add(colour);
    if (problem === undefined) continue;
    reader.report(problem.code, problem.message, placeOf(colour, list, written, reader), problem.hint);
  }
  return colours;
}

function placeOf(
  colour: string,
  list: readonly string[] | undefined,
  written: WrittenRouter,
  { source }: ValueReader,
): SourceLocation {
  return list === undefined ? source.keyLocation(written, "routes") : source.entryLocation(written, "colours", colour);
}

function colourProblem(
  colour: string,
  seen: ReadonlySet<string>,
  environments: readonly string[] | undefined,
): { readonly code: DiagnosticCode; readonly message: string; readonly hint: string } | undefined {
  if (RESERVED_COLOUR.test(colour)) {
    const hint = "`none` and names that end with `_fb` mean something else to the router";
    return { code: "value-invalid", message: `\`${colour}\` cannot be a colour`, hint };
  }
  if (seen.has(colour)) {
    return { code: "value-invalid", message: `The colour \`${colour}\` stands twice`, hint: "a switch needs two" };
  }
  if (environments === undefined || environments.includes(colour)) return undefined;
  const meant = suggest(colour, environments);
  return {
    code: "environment-unknown",
    message: `The router switches to \`${colour}\`, which is not an environment`,
    hint: meant === undefined ? "declare it under `environments`" : didYouMean(meant),
  };
}

function resolveRoute(
  written: WrittenRoute,
  reader: ValueReader,
  services: readonly Service[] | undefined,
): Route | undefined {
  const service = reader.text(written, "service");
  const port = reader.number(written, "port", PORT);
  const checkPath = reader.text(written, "check_path");
  if (service === undefined || port === undefined) return undefined;
  const known = services?.find((candidate) => candidate.name === service);
  if (services !== undefined && known === undefined) {
    const names = services.map((candidate) => candidate.name);
    const meant = suggest(service, names);
    const hint = meant === undefined ? `\`services\` declares ${names.join(", ") || "none"}` : didYouMean(meant);
    const location = reader.source.valueLocation(written, "service");
    reader.report("service-unknown", `There is no service \`${service}\``, location, hint);
  }
  return {
    service: known?.composeService ?? service,
    port,
    hosts: reader.texts(written, "hosts") ?? [],
    path: reader.text(written, "path") ?? ROUTER_DEFAULTS.path,
    ...(checkPath === undefined ? {} : { checkPath }),
  };
}
