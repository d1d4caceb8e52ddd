import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { eventually, findProcesses } from "./processes.ts";

const run = promisify(execFile);

/** Making a namespace takes root; what runs there does not. */
const AS_ROOT: readonly string[] = process.getuid?.() === 0 ? [] : ["sudo", "-n", "-E"];

/**
 * A machine of its own, as far as processes go: their numbers mean nothing here, and when it goes away all of them do at once. Files,
 * network and the engine are those of this machine.
 */
export class OtherMachine {
  /** Words before a command that is typed there. */
  readonly within: readonly string[];
  readonly #mark = `orc-test-machine-${randomBytes(4).toString("hex")}`;

  constructor() {
    const user = [
      "setpriv",
      `--reuid=${process.getuid?.() ?? 0}`,
      `--regid=${process.getgid?.() ?? 0}`,
      "--init-groups",
    ];
    const namespaces = ["unshare", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc"];
    this.within = [...AS_ROOT, ...namespaces, "env", `ORC_TEST_MACHINE=${this.#mark}`, ...user, "--"];
  }

  /** As pulling its plug does; resolves when nothing of it runs. */
  async powerOff(): Promise<void> {
    const outside = findProcesses(this.#mark).filter(({ command }) => command.startsWith("unshare "));
    const [program = "kill", ...words] = [...AS_ROOT, "kill", "-s", "KILL", ...outside.map(({ pid }) => String(pid))];
    await run(program, words);
    const left = await eventually(
      () => findProcesses(this.#mark),
      (found) => found.length === 0,
    );
    if (left.length > 0) throw new Error(left.map(({ command }) => command).join("\n"));
  }
}
