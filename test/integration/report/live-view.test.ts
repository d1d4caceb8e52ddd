import { spawn } from "node:child_process";
import path from "node:path";
import { describe, expect, it } from "vitest";

const REPLAY = path.join(import.meta.dirname, "../../rig/replay-live.ts");
// oxlint-disable-next-line no-control-regex -- the sequences that hide and show the cursor
const CURSOR = /\u001B\[\?25[hl]/g;

/** A program on a terminal of its own, made by util-linux' `script`. */
interface TerminalProgram {
  /** Resolves when what was printed so far matches. */
  readonly shows: (pattern: RegExp) => Promise<void>;
  readonly type: (keys: string) => void;
  readonly ended: Promise<{ readonly code: number | null; readonly text: string }>;
}

function startOnTerminal(source: string, speed: number): TerminalProgram {
  const command = `stty rows 24 columns 80; exec '${process.execPath}' '${REPLAY}' ${source} ${speed}`;
  const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, LC_ALL: "C.UTF-8", TERM: "xterm-256color" },
  });
  let text = "";
  let check = (): void => undefined;
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (chunk: string) => {
    text += chunk;
    check();
  });
  return {
    shows: (pattern) =>
      new Promise((resolve) => {
        check = (): void => {
          if (pattern.test(text)) resolve();
        };
        check();
      }),
    type: (keys) => child.stdin.write(keys),
    ended: new Promise((resolve) => child.on("close", (code) => resolve({ code, text }))),
  };
}

describe("live view on a terminal", () => {
  it("draws the graph, removes it at the end, and leaves the summary and the cursor", async () => {
    const { code, text } = await startOnTerminal("typical", 40).ended;
    expect(code).toBe(0);
    expect(text).toMatch(/1 of 7 tasks done, 3 running/);
    expect(text.match(CURSOR)?.[0]).toBe("\u001B[?25l");
    expect(text.match(CURSOR)?.at(-1)).toBe("\u001B[?25h");
    expect(text.slice(text.lastIndexOf("\u001B[G"))).not.toMatch(/tasks done/);
    const shown = text.slice(text.lastIndexOf("Tasks\u001B[22m"));
    expect(shown).toMatch(/deploy-blue failed in 1m 15s.*: 3 succeeded, 2 failed, 1 blocked, 1 skipped/);
    // oxlint-disable-next-line no-control-regex -- what moves the cursor or erases
    expect(shown).not.toMatch(/\u001B\[\d*[A-K]/);
  });

  it("says that it is being cancelled on Ctrl-C, and gives the cursor back when a second one ends it", async () => {
    const program = startOnTerminal("wide", 1);
    await program.shows(/8 running/);
    program.type("\u0003");
    await program.shows(/cancelling, once more to kill/);
    program.type("\u0003");
    const { code, text } = await program.ended;
    expect(code).toBe(130);
    expect(text.match(CURSOR)?.at(-1)).toBe("\u001B[?25h");
  });
});
