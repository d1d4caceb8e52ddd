import type { BakeCall, BuildSecret } from "../model/pipeline.ts";

/** What a command line for bake is made of. */
export interface BakeCommand {
  readonly call: BakeCall;
  /** Bake files in the order in which bake merges them; empty means bake's own look-up. `-` is standard input. */
  readonly files: readonly string[];
  readonly targets: readonly string[];
}

/** Arguments after `bake` that print the resolved definition. */
export function bakePrintArguments(command: BakeCommand): readonly string[] {
  return [...sharedArguments(command), "--print", ...command.targets];
}

/** Arguments after `bake` that list what can be built, as JSON. */
export function bakeListArguments(command: BakeCommand): readonly string[] {
  return [...command.files.flatMap((file) => ["--file", file]), "--list", "type=targets,format=json"];
}

/**
 * Arguments after `bake` that build one bake target. What the call sets for a build as such (arguments, contexts, secrets) holds
 * for linked bake targets too, as they are built with the same call; `no-cache`, `pull`, labels and cache export are for this
 * target alone, because each linked one is built, labelled and exported by a task of its own.
 */
export function bakeBuildArguments(
  command: BakeCommand & {
    readonly target: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly metadataFile: string;
    readonly workingDirectory: string;
  },
): readonly string[] {
  const { call, target } = command;
  const own = [
    ...Object.entries(command.labels).map(([name, value]) => `labels.${name}=${value}`),
    ...call.cacheTo.map((destination) => `cache-to+=${destination}`),
    ...(call.noCache ? ["no-cache=true"] : []),
    ...(call.pull ? ["pull=true"] : []),
  ];
  return [
    ...sharedArguments(command),
    ...own.flatMap((setting) => ["--set", `${target}.${setting}`]),
    ...grantedEntitlements(call).flatMap((entitlement) => ["--allow", entitlement]),
    "--progress=rawjson",
    "--metadata-file",
    command.metadataFile,
    target,
  ];
}

function sharedArguments({ call, files }: BakeCommand): readonly string[] {
  const settings = [
    ...Object.entries(call.args).map(([name, value]) => `args.${name}=${value}`),
    ...Object.entries(call.contexts).map(([name, value]) => `contexts.${name}=${value}`),
    ...call.secrets.map((secret) => `secrets+=${describeSecret(secret)}`),
    ...call.cacheFrom.map((source) => `cache-from+=${source}`),
  ];
  return [
    ...files.flatMap((file) => ["--file", file]),
    // A builder of its own keeps its results to itself unless told to hand them to the engine.
    ...(call.builder === undefined ? [] : ["--builder", call.builder, "--load"]),
    ...settings.flatMap((setting) => ["--set", `*.${setting}`]),
  ];
}

function describeSecret({ id, source }: BuildSecret): string {
  return source.from === "file" ? `type=file,id=${id},src=${source.path}` : `type=env,id=${id},env=${source.name}`;
}

/**
 * The bake file that carries the call's network. `--set TARGET.network=…` exists, but buildx 0.29 sets the network to ""
 * whatever it is given.
 */
export function networkOverlay(call: BakeCall, target: string): string | undefined {
  return call.network === undefined ? undefined : JSON.stringify({ target: { [target]: { network: call.network } } });
}

/** The command as a user would type it, without what only we need. */
export function describeBakeCommand(call: BakeCall, targets: readonly string[]): string {
  const words = [
    ...call.files.flatMap((file) => ["-f", file]),
    ...(call.builder === undefined ? [] : ["--builder", call.builder]),
    ...(call.noCache ? ["--no-cache"] : []),
    ...(call.pull ? ["--pull"] : []),
  ];
  return ["docker", "buildx", "bake", ...words, ...targets].join(" ");
}

/** What the call grants: what `allow` lists, and what it names itself. */
export function grantedEntitlements(call: BakeCall): readonly string[] {
  const granted = new Set(call.allow);
  if (call.network === "host") granted.add("network.host");
  for (const value of Object.values(call.contexts)) if (isLocalPath(value)) granted.add(`fs.read=${value}`);
  for (const { source } of call.secrets) if (source.from === "file") granted.add(`fs.read=${source.path}`);
  for (const entry of call.cacheFrom) addPath(granted, "fs.read", entry, "src");
  for (const entry of call.cacheTo) addPath(granted, "fs.write", entry, "dest");
  return [...granted];
}

function addPath(granted: Set<string>, kind: string, entry: string, key: string): void {
  const fields = Object.fromEntries(entry.split(",").map((field) => field.split("=", 2)));
  const value: unknown = fields[key];
  if (fields["type"] === "local" && typeof value === "string") granted.add(`${kind}=${value}`);
}

/** Whether a context is a directory here, and neither an image, another bake target nor an address. */
export function isLocalPath(context: string): boolean {
  return (
    !/^(target:|docker-image:|oci-layout:|input:|git@|[a-z][a-z0-9+.-]*:\/\/|github\.com\/)/i.test(context) &&
    context !== "-"
  );
}
