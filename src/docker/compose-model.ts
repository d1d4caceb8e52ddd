import { flagAt, isRecord, listAt, numberAt, parseJson, recordAt, textAt } from "./json-value.ts";

/** What `docker compose config` makes of the files of a project: merged, interpolated, env files read. */
export interface ComposeModel {
  readonly name: string;
  /** In the order of the document. */
  readonly services: readonly ComposeService[];
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
  /** Everything, for what is not named here. */
  readonly document: Readonly<Record<string, unknown>>;
}

/** A service of a compose project. */
export interface ComposeService {
  readonly name: string;
  readonly image?: string;
  readonly hasBuild: boolean;
  readonly ports: readonly ComposePort[];
  /** null: taken from the environment of whoever calls compose. */
  readonly environment: Readonly<Record<string, string | null>>;
  /** `disabled` turns off the health check of the image; `none` leaves it to the image. */
  readonly healthcheck: "none" | "disabled" | "defined";
  readonly dependsOn: readonly ComposeDependency[];
  /** `no`, `always`, `on-failure`, `unless-stopped`; absent means `no`. */
  readonly restart?: string;
  /** How many containers; 1 unless scaled. */
  readonly replicas: number;
}

/** A port that a service publishes. */
export interface ComposePort {
  readonly target: number;
  /** A port or a range; absent means that the engine chooses. */
  readonly published?: string;
  readonly protocol: string;
  readonly hostIp?: string;
}

/** What a service waits for. */
export interface ComposeDependency {
  readonly service: string;
  /** `service_started`, `service_healthy` or `service_completed_successfully`. */
  readonly condition: string;
}

/** Reads `docker compose config --format json`; undefined when it is no compose document. */
export function parseComposeModel(output: string): ComposeModel | undefined {
  const document = parseJson(output);
  if (!isRecord(document)) return undefined;
  return {
    name: textAt(document, "name"),
    services: Object.entries(recordAt(document, "services")).map(([name, service]) => parseService(name, service)),
    networks: Object.keys(recordAt(document, "networks")),
    volumes: Object.keys(recordAt(document, "volumes")),
    document,
  };
}

function parseService(name: string, service: unknown): ComposeService {
  const image = textAt(service, "image");
  const restart = textAt(service, "restart");
  const deploy = recordAt(service, "deploy");
  const scaled = isRecord(service) && typeof service["scale"] === "number" ? service["scale"] : deploy["replicas"];
  return {
    name,
    ...(image === "" ? {} : { image }),
    hasBuild: isRecord(service) && isRecord(service["build"]),
    ports: listAt(service, "ports").map(parsePort),
    environment: parseEnvironment(recordAt(service, "environment")),
    healthcheck: parseHealthcheck(service),
    dependsOn: Object.entries(recordAt(service, "depends_on")).map(([dependency, details]) => ({
      service: dependency,
      condition: textAt(details, "condition"),
    })),
    ...(restart === "" ? {} : { restart }),
    replicas: typeof scaled === "number" ? scaled : 1,
  };
}

function parsePort(port: unknown): ComposePort {
  const published = textAt(port, "published");
  const hostIp = textAt(port, "host_ip");
  return {
    target: numberAt(port, "target"),
    ...(published === "" ? {} : { published }),
    protocol: textAt(port, "protocol") || "tcp",
    ...(hostIp === "" ? {} : { hostIp }),
  };
}

function parseEnvironment(environment: Readonly<Record<string, unknown>>): Readonly<Record<string, string | null>> {
  const entries = Object.entries(environment).map(
    ([name, value]) => [name, typeof value === "string" ? value : null] as const,
  );
  return Object.fromEntries(entries);
}

function parseHealthcheck(service: unknown): ComposeService["healthcheck"] {
  if (!isRecord(service) || !isRecord(service["healthcheck"])) return "none";
  const healthcheck = service["healthcheck"];
  const disabled = flagAt(healthcheck, "disable") || listAt(healthcheck, "test")[0] === "NONE";
  return disabled ? "disabled" : "defined";
}
