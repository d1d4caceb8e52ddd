import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { SourceLocation } from "../model/location.ts";
import { buildConfigSchema, pipelineSchema } from "./generated/schemas.ts";
import { validateBuildConfig, validatePipeline } from "./generated/validators.ts";
import { parseJsonDocument } from "./json-document.ts";
import { resolveProjectPath } from "./project-path.ts";
import type { WrittenBuildConfig } from "./schema/build-config.ts";
import type { WrittenPipeline } from "./schema/pipeline.ts";
import type { ParsedSource } from "./source-document.ts";
import { parseWrittenDocument } from "./written-document.ts";
import type { WrittenDocument } from "./written-document.ts";
import { parseYamlDocument } from "./yaml-document.ts";

/** Where the pipelines are, relative to the project directory. */
export const PIPELINE_FOLDER = "pipelines";

/** Where the build configuration is, relative to the project directory. */
const BUILD_CONFIG_FILE = "docker/build-config.json";

/** A pipeline file that was read. */
export interface PipelineFile {
  /** Relative to the project directory. */
  readonly file: string;
  /** Undefined where the file cannot be read or its syntax is broken. */
  readonly document: WrittenDocument<WrittenPipeline> | undefined;
  /** For each entry of `include` the file that it names; undefined where that is no possible file. */
  readonly includes: readonly (string | undefined)[];
  readonly diagnostics: readonly Diagnostic[];
}

/** docker/build-config.json as it was read. */
export interface BuildConfigFile {
  /** Undefined where its syntax is broken. */
  readonly document: WrittenDocument<WrittenBuildConfig> | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Everything that the user wrote, read and checked against the schemas, not yet resolved. */
export interface Project {
  readonly directory: string;
  /** The pipelines in `pipelines/`, sorted by name of the file. */
  readonly pipelines: readonly PipelineFile[];
  /** Every pipeline file by its name, those that are only included too. */
  readonly files: ReadonlyMap<string, PipelineFile>;
  /** Undefined where the project has none: everything has a default. */
  readonly buildConfig: BuildConfigFile | undefined;
  /** The text of every file that was read, for code frames. */
  readonly sources: ReadonlyMap<string, string>;
}

/** A text, or why it cannot be read. */
export type ReadText = string | { readonly missing: boolean; readonly reason: string };

/** Where the files of a project come from. Names are relative to the project directory. */
export interface ProjectFiles {
  /** The pipeline files, in the order in which they are shown. */
  listPipelines(): readonly string[];
  read(file: string): ReadText;
}

/**
 * Reads the pipelines of a project, what they include, and its build configuration. Never throws: what cannot be read is a
 * diagnostic of the file that asked for it.
 */
export function loadProject(directory: string): Project {
  return parseProject(directory, {
    listPipelines: () => listPipelineFiles(directory),
    read: (file) => loadText(path.join(directory, file)),
  });
}

/** The same from files that may be anywhere. */
export function parseProject(directory: string, projectFiles: ProjectFiles): Project {
  const loader = new ProjectLoader(directory, projectFiles);
  const roots = projectFiles.listPipelines();
  for (const file of roots) loader.loadPipeline(file, undefined);
  const { files, sources } = loader;
  const pipelines = roots.map((file) => files.get(file)).filter((file) => file !== undefined);
  return { directory, pipelines, files, buildConfig: loader.loadBuildConfig(), sources };
}

function listPipelineFiles(directory: string): readonly string[] {
  try {
    return readdirSync(path.join(directory, PIPELINE_FOLDER))
      .filter((name) => /\.ya?ml$/.test(name))
      .sort()
      .map((name) => `${PIPELINE_FOLDER}/${name}`);
  } catch {
    // A project without the folder has no pipelines, which whoever needs one reports.
    return [];
  }
}

function loadText(file: string): ReadText {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return { missing: code === "ENOENT", reason: REASONS[code] ?? `it cannot be read (${code})` };
  }
}

class ProjectLoader {
  readonly files = new Map<string, PipelineFile>();
  readonly sources = new Map<string, string>();
  readonly #directory: string;
  readonly #projectFiles: ProjectFiles;

  constructor(directory: string, projectFiles: ProjectFiles) {
    this.#directory = directory;
    this.#projectFiles = projectFiles;
  }

  loadBuildConfig(): BuildConfigFile | undefined {
    const text = this.#read(BUILD_CONFIG_FILE);
    if (typeof text !== "string") {
      if (text.missing) return undefined;
      const location = { file: BUILD_CONFIG_FILE, line: 1, column: 1 };
      return { document: undefined, diagnostics: [unreadable(BUILD_CONFIG_FILE, text.reason, location)] };
    }
    const parsed = parseJsonDocument(BUILD_CONFIG_FILE, text);
    const document = parsed.document && parseWrittenDocument(parsed.document, buildConfigSchema, validateBuildConfig);
    return { document, diagnostics: diagnosticsOf(parsed, document) };
  }

  /** Reads a pipeline file once, and then what it includes. `from` is where another file includes it. */
  loadPipeline(file: string, from: SourceLocation | undefined): Diagnostic | undefined {
    if (this.files.has(file)) return undefined;
    const text = this.#read(file);
    if (typeof text !== "string") {
      const hint = text.missing && from !== undefined ? { hint: `\`include\` looks beside ${from.file}` } : {};
      const diagnostic = { ...unreadable(file, text.reason, from ?? { file, line: 1, column: 1 }), ...hint };
      const diagnostics = from === undefined ? [diagnostic] : [];
      if (from === undefined) this.files.set(file, { file, document: undefined, includes: [], diagnostics });
      return diagnostic;
    }
    const parsed = parseYamlDocument(file, text);
    const document = parsed.document && parseWrittenDocument(parsed.document, pipelineSchema, validatePipeline);
    const diagnostics = [...diagnosticsOf(parsed, document)];
    const includes: (string | undefined)[] = [];
    // Set before its includes are read, so that a cycle ends here; the resolver reports it.
    this.files.set(file, { file, document, includes, diagnostics });
    if (document?.written?.include === undefined) return undefined;
    for (const entry of document.written.include) {
      includes.push(this.#loadInclude(file, entry.file, document.source.valueLocation(entry, "file"), diagnostics));
    }
    return undefined;
  }

  #loadInclude(from: string, written: string, location: SourceLocation, diagnostics: Diagnostic[]): string | undefined {
    const file = resolveProjectPath(path.posix.dirname(from), written, this.#directory);
    if (file === undefined) {
      const message = `\`${written}\` leaves the project directory`;
      diagnostics.push({ code: "path-outside-project", severity: "error", message, location });
      return undefined;
    }
    const problem = this.loadPipeline(file, location);
    if (problem !== undefined) diagnostics.push(problem);
    return problem === undefined ? file : undefined;
  }

  #read(file: string): ReadText {
    const text = this.#projectFiles.read(file);
    if (typeof text === "string") this.sources.set(file, text);
    return text;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist",
  EACCES: "permission denied",
  EISDIR: "it is a directory",
};

function unreadable(file: string, reason: string, location: SourceLocation): Diagnostic {
  const message = `The file \`${file}\` cannot be read: ${reason}`;
  return { code: "file-unreadable", severity: "error", message, location };
}

function diagnosticsOf(parsed: ParsedSource, document: WrittenDocument<unknown> | undefined): readonly Diagnostic[] {
  return [...parsed.diagnostics, ...(document?.diagnostics ?? [])];
}
