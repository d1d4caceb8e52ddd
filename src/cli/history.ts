import { realpathSync } from "node:fs";
import { homedir } from "node:os";
import { resolveStateDirectory } from "../state/location.ts";
import type { ReleaseJournal } from "../model/journal.ts";
import { createRecorder } from "../state/recorder.ts";
import { openStore } from "../state/store.ts";
import type { TaskId } from "../model/task.ts";
import type { BuildPast } from "../tasks/task-tools.ts";
import type { Reporter } from "../report/reporter.ts";
import type { Compiled } from "./compilation.ts";
import type { Surroundings } from "./surroundings.ts";

/** What earlier runs of the project left, and where this one is recorded. */
export interface History extends Disposable {
  readonly recorder: Reporter;
  /** Milliseconds by task, of tasks that succeeded before. */
  readonly expectedDurations: () => ReadonlyMap<TaskId, number>;
  /** Size of the image of a service that was built before `imageId`. */
  readonly previousSizeBytes: (service: string, imageId: string) => number | undefined;
  /** What a clean-up decides by; absent where the state cannot be opened. */
  readonly past?: BuildPast;
  /** What is known of releases; absent where the state cannot be opened. */
  readonly journal?: ReleaseJournal;
}

/** What a project's state depends on. */
export type StateProject = Pick<Compiled, "directory" | "buildConfig">;

/** Where the state of a project is on this machine. */
export function findStateDirectory(project: StateProject, surroundings: Surroundings): string {
  return resolveStateDirectory({
    environment: surroundings.env,
    homeDirectory: homedir(),
    project: project.buildConfig.project,
    projectRealPath: realpathSync(project.directory),
  });
}

/** Opens the project's store. Without one (a read-only home, a newer version) a run goes on after a warning. */
export async function openHistory(project: StateProject, surroundings: Surroundings): Promise<History> {
  const opened = await openStore(findStateDirectory(project, surroundings), Date.now());
  const warning = opened.ok ? opened.warning : opened.problem;
  if (warning !== undefined) surroundings.stderr.write(`warning: ${warning}\n`);
  if (!opened.ok) {
    return {
      recorder: { onEvent: () => undefined },
      expectedDurations: () => new Map(),
      previousSizeBytes: () => undefined,
      [Symbol.dispose]: () => undefined,
    };
  }
  const { store } = opened;
  store.markInterrupted(isAlive);
  return {
    recorder: createRecorder(store, process.pid),
    expectedDurations: () => store.expectedDurations(),
    previousSizeBytes: (service, imageId) => store.previousImageSize(service, imageId)?.sizeBytes,
    past: store,
    journal: store.releases,
    [Symbol.dispose]: () => store[Symbol.dispose](),
  };
}

/** Signal 0 asks for a process without touching it; EPERM means that it is somebody else's, and alive. */
function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
