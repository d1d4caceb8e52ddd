import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { once } from "node:events";

/** A script of test/rig in a process of its own, talked to by lines. Disposing of it kills it. */
export class ChildScript implements Disposable {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #exited: Promise<unknown>;
  #wake: () => void = () => undefined;

  constructor(script: string, words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, [path.join(import.meta.dirname, script), ...words], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, ...environment },
    });
    this.#exited = once(this.#child, "exit");
    this.#child.stdin?.on("error", () => undefined);
    if (this.#child.stdout === null) throw new Error("no output");
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.#lines.push(line);
      this.#wake();
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The next line that it has said or says. */
  async line(): Promise<string> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Every line that was said and not yet read. */
  unread(): readonly string[] {
    return this.#lines.splice(0);
  }

  say(text: string): void {
    this.#child.stdin?.write(`${text}\n`);
  }

  /** Ends its input and waits for its end. */
  async end(): Promise<void> {
    this.#child.stdin?.end();
    await this.#exited;
  }

  /** `kill -9`, and waits until it is gone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
  }
}
