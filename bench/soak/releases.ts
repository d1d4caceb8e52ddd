import type { CliResult } from "../../test/rig/cli.ts";
import type { LoadRelease } from "../../test/rig/load/load-project.ts";
import type { ReleaseProject } from "../../test/rig/release-project.ts";

/** A project that gets one release after the other. */
export class Releases {
  readonly project: ReleaseProject;
  #count = 0;
  #deployMs = 0;

  constructor(project: ReleaseProject) {
    this.project = project;
  }

  /** Name of the release that was written last. */
  get name(): string {
    return `r${this.#count}`;
  }

  /** How long the last deploy took that was left alone. */
  get deployMs(): number {
    return this.#deployMs;
  }

  /** Writes another release. */
  async write(release: LoadRelease = {}): Promise<void> {
    this.#count += 1;
    await this.project.load.release(this.name, release);
  }

  /** Writes another release and deploys it; resolves to what is wrong. */
  async deploy(release: LoadRelease = {}): Promise<string | undefined> {
    await this.write(release);
    const startedMs = performance.now();
    const result = await this.project.run("run", "deploy");
    this.#deployMs = performance.now() - startedMs;
    return await this.expect(result, 0);
  }

  /** What is wrong after a command that should have ended with this code. */
  async expect({ exitCode, output }: CliResult, code: number): Promise<string | undefined> {
    if (exitCode !== code) return `exit code ${exitCode}: ${output.slice(-1_500)}`;
    return await this.project.trouble();
  }
}
