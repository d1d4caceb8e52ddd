import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** A process as /proc shows it. */
export interface SeenProcess {
  readonly pid: number;
  readonly parent: number;
  /** The command line, its words joined by spaces. */
  readonly command: string;
}

/** Processes that run now and whose command line, environment or working directory contains the mark; not this one, and no zombies. */
export function findProcesses(mark: string): readonly SeenProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "latin1");
        // The second field is the program's name in parentheses and may itself contain some.
        const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        if (state === "Z" || state === "X") return [];
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        const traces = [
          () => command,
          () => readlinkSync(`/proc/${name}/cwd`),
          () => readFileSync(`/proc/${name}/environ`, "utf8"),
        ];
        if (!traces.some((read) => contains(read, mark))) return [];
        return [{ pid: Number(name), parent: Number(parent), command }];
      } catch {
        // It ended while the list was read.
        return [];
      }
    });
}

/** Another user's process shows its command line only. */
function contains(read: () => string, mark: string): boolean {
  try {
    return read().includes(mark);
  } catch {
    return false;
  }
}

/** Asks until the answer satisfies, and gives it; after the deadline the last answer, for the test's message. */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  satisfies: (answer: T) => boolean,
  withinMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (satisfies(answer) || performance.now() > deadline) return answer;
    await delay(50);
  }
}
