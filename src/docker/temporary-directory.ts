import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

const live = new Set<string>();

/** Also when the process leaves at once, as after a second Ctrl-C. */
function removeAll(): void {
  for (const directory of live) rmSync(directory, { recursive: true, force: true });
}

/** A directory of its own in the system's directory for temporary files, removed with its content when it is disposed of. */
export class TemporaryDirectory implements AsyncDisposable {
  readonly path: string;

  private constructor(directory: string) {
    this.path = directory;
  }

  /** `prefix` helps a person who finds one that `kill -9` left. */
  static async create(prefix: string): Promise<TemporaryDirectory> {
    const directory = await mkdtemp(path.join(tmpdir(), prefix));
    if (live.size === 0) process.once("exit", removeAll);
    live.add(directory);
    return new TemporaryDirectory(directory);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
    live.delete(this.path);
    if (live.size === 0) process.off("exit", removeAll);
  }
}
