import { createHash, createHmac } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import type { ComposeModel } from "../../docker/compose-model.ts";

/** Files of one mounted directory that are read; a larger one counts by names, sizes and times. */
const MOST_FILES = 500;
/** A larger file counts by size and time. */
const MOST_BYTES = 1_000_000;

/** What determines the containers of a release. */
export interface FingerprintInput {
  readonly model: ComposeModel;
  /** Image ID of each compose service that is ours. */
  readonly images: Readonly<Record<string, string>>;
  readonly routerVersion: string;
  /** Key for the contents of secrets: their digests must not be guessable from a label. */
  readonly secretKey: string;
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Digest of everything that decides what the containers of a colour become: the merged compose document with image IDs for
 * names, the contents of the configs, secrets and bind-mounted files that it names (compose's own hash leaves them out), and
 * the version of the router's configuration.
 */
export function describeFingerprint(input: FingerprintInput): string {
  const { model, images, routerVersion } = input;
  const { services, ...rest } = model.document;
  const pinned = Object.entries(asRecord(services)).map(([name, service]) => {
    const { build: _build, ...kept } = asRecord(service);
    return [name, images[name] === undefined ? kept : { ...kept, image: images[name] }] as const;
  });
  const content = {
    document: { ...rest, services: Object.fromEntries(pinned) },
    files: digestFiles(input),
    router: routerVersion,
  };
  return createHash("sha256").update(canonicalJson(content)).digest("hex");
}

function digestFiles(input: FingerprintInput): Readonly<Record<string, string>> {
  const { model, workingDirectory } = input;
  const files: Record<string, string> = {};
  const { services, configs, secrets } = model.document;
  for (const [name, config] of Object.entries(asRecord(configs))) {
    const { file } = asRecord(config);
    if (typeof file === "string") files[`config ${name}`] = digestPath(path.resolve(workingDirectory, file));
  }
  for (const [name, secret] of Object.entries(asRecord(secrets))) files[`secret ${name}`] = digestSecret(secret, input);
  for (const service of Object.values(asRecord(services))) {
    const { volumes } = asRecord(service);
    for (const volume of Array.isArray(volumes) ? volumes.map(asRecord) : []) {
      const { type, source } = volume;
      if (type === "bind" && typeof source === "string") files[`mount ${source}`] = digestPath(source);
    }
  }
  return files;
}

function digestSecret(secret: unknown, { secretKey, workingDirectory, environment }: FingerprintInput): string {
  const { file, environment: variable } = asRecord(secret);
  const hmac = createHmac("sha256", secretKey);
  if (typeof variable === "string") return hmac.update(environment[variable] ?? "").digest("hex");
  if (typeof file !== "string") return "external";
  try {
    return hmac.update(readFileSync(path.resolve(workingDirectory, file))).digest("hex");
  } catch {
    return "unreadable";
  }
}

/** Sockets and devices are mounted as well, and a path may be on another host: what cannot be read has no content. */
function digestPath(absolute: string): string {
  try {
    const entry = statSync(absolute);
    if (entry.isFile()) return digestFile(absolute);
    if (!entry.isDirectory()) return "special";
    const names = readdirSync(absolute, { recursive: true, withFileTypes: true })
      .filter((each) => each.isFile())
      .map((each) => path.join(each.parentPath, each.name))
      .sort();
    const digest = createHash("sha256");
    for (const [index, file] of names.entries()) {
      digest.update(`${path.relative(absolute, file)} ${index < MOST_FILES ? digestFile(file) : describeFile(file)}\n`);
    }
    return digest.digest("hex");
  } catch {
    return "unreadable";
  }
}

function digestFile(file: string): string {
  if (statSync(file).size > MOST_BYTES) return describeFile(file);
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

function describeFile(file: string): string {
  const { size, mtimeMs } = statSync(file);
  return `${size} bytes of ${mtimeMs}`;
}

/** JSON with sorted keys. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
