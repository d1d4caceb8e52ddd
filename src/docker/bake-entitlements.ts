import path from "node:path";
import type { BakeTarget } from "../model/bake-definition.ts";
import type { BakeCall } from "../model/pipeline.ts";
import { grantedEntitlements, isLocalPath } from "./bake-arguments.ts";
import { isRecord, listAt, textAt } from "./json-value.ts";

/**
 * What a bake target asks for and the call does not grant, as values for `allow`: `network.host`, `security.insecure`,
 * `fs.read=../shared`, `fs.write=…`, `ssh`. Empty means that it may be built.
 *
 * This is our own check, and the only one: buildx 0.29 asks for entitlements with `--progress=plain` and fails without a
 * terminal, but with `--progress=rawjson` it grants everything silently. Paths are compared as written; a symbolic link inside
 * the project is trusted, as its owner made it.
 */
export function missingEntitlements(
  definition: BakeTarget,
  call: BakeCall,
  workingDirectory: string,
): readonly string[] {
  const granted = grantedEntitlements(call);
  const asked = new Set([...askedPrivileges(definition), ...askedPaths(definition, workingDirectory)]);
  return [...asked].filter((entitlement) => !granted.some((grant) => covers(grant, entitlement, workingDirectory)));
}

function askedPrivileges(definition: BakeTarget): readonly string[] {
  const asked: string[] = [...(definition.entitlements ?? [])];
  if (definition.network === "host") asked.push("network.host");
  if (listAt(definition, "ssh").length > 0) asked.push("ssh");
  return asked;
}

function askedPaths(definition: BakeTarget, workingDirectory: string): readonly string[] {
  const outside = (file: string): boolean => !contains(workingDirectory, path.resolve(workingDirectory, file));
  const reads = [
    ...contextPaths(definition, workingDirectory),
    ...listAt(definition, "secret").map((secret) => fieldOf(secret, "src")),
  ];
  reads.push(...listAt(definition, "cache-from").map((source) => localField(source, "src")));
  const writes = [
    ...listAt(definition, "cache-to").map((destination) => localField(destination, "dest")),
    ...listAt(definition, "output").map((output) => fieldOf(output, "dest")),
  ];
  return [
    ...reads.filter((file) => file !== "" && outside(file)).map((file) => `fs.read=${file}`),
    ...writes.filter((file) => file !== "" && file !== "-" && outside(file)).map((file) => `fs.write=${file}`),
  ];
}

function contextPaths(definition: BakeTarget, workingDirectory: string): readonly string[] {
  const context = definition.context ?? ".";
  const named = Object.values(definition.contexts ?? {}).filter(isLocalPath);
  if (!isLocalPath(context)) return named;
  return [context, path.resolve(workingDirectory, context, definition.dockerfile ?? "Dockerfile"), ...named];
}

/** Bake prints `{type, src}`; older versions `type=file,src=…`. */
function fieldOf(entry: unknown, key: string): string {
  if (isRecord(entry)) return textAt(entry, key);
  const field = typeof entry === "string" ? entry.split(",").find((part) => part.startsWith(`${key}=`)) : undefined;
  return field?.slice(key.length + 1) ?? "";
}

function localField(entry: unknown, key: string): string {
  return fieldOf(entry, "type") === "local" ? fieldOf(entry, key) : "";
}

function covers(grant: string, entitlement: string, workingDirectory: string): boolean {
  if (grant === entitlement) return true;
  const [grantKey, grantPath] = cut(grant);
  const [key, file] = cut(entitlement);
  if (file === undefined || grantPath === undefined || (grantKey !== key && grantKey !== "fs")) return false;
  return grantPath === "*" || contains(path.resolve(workingDirectory, grantPath), path.resolve(workingDirectory, file));
}

function cut(entitlement: string): readonly [string, string | undefined] {
  const equals = entitlement.indexOf("=");
  return equals < 0 ? [entitlement, undefined] : [entitlement.slice(0, equals), entitlement.slice(equals + 1)];
}

function contains(directory: string, file: string): boolean {
  const relative = path.relative(directory, file);
  return relative === "" || (!relative.startsWith(`..${path.sep}`) && relative !== ".." && !path.isAbsolute(relative));
}
