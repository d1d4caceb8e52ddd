import { stripVTControlCharacters } from "node:util";
import { DefaultRenderer, ListrEventManager, ListrLogger, ProcessOutput, Spinner, isUnicodeSupported } from "listr2";
import type { RunEvent } from "../model/event.ts";
import { renderFrame } from "./live-frame.ts";
import { createPalette } from "./palette.ts";
import { printableOutput } from "./printable.ts";
import type { Reporter } from "./reporter.ts";
import { foldRun } from "./run-view.ts";
import { summarizeRun } from "./summary.ts";
import { renderSummaryText } from "./summary-text.ts";

/** Where the live view is drawn. */
export interface LiveOptions {
  readonly color: boolean;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/**
 * The terminal view: redrawn ten times a second from what the events told, removed when the run ends, and replaced by the
 * summary. Between the call and `end` other writes to the two streams are kept and shown at the end. The cursor comes back
 * whatever happens, save `kill -9`: also when the process exits in the middle.
 *
 * listr2's own task list would start all tasks itself and draw as many lines as there are tasks, so only its renderer is used:
 * it hides the cursor, holds back other output, and redraws the lines that changed; what it draws is our frame.
 */
export async function createLiveReporter(options: LiveOptions): Promise<Required<Reporter>> {
  const { view, advance } = foldRun();
  const lastLines = new Map<string, string>();
  const palette = createPalette(options.color);
  const unicode = isUnicodeSupported();
  const spinner = new Spinner();
  const frame = (): readonly string[] =>
    renderFrame(view, {
      columns: options.stdout.columns ?? 80,
      rows: options.stdout.rows ?? 24,
      nowMs: Date.now(),
      spinner: spinner.fetch(),
      unicode,
      palette,
      lastLine: (task) => lastLines.get(task),
    });
  const screen = await openScreen(options, spinner, frame);
  return {
    onEvent(event) {
      advance(event);
      keepLastLine(lastLines, event);
    },
    end() {
      screen.close();
      if (view.runId !== "") options.stdout.write(renderSummaryText(summarizeRun(view), palette));
      return Promise.resolve();
    },
  };
}

function keepLastLine(lastLines: Map<string, string>, event: RunEvent): void {
  if (event.type === "task-output") {
    const line = printableOutput(event.line).trim();
    if (line !== "") lastLines.set(event.task, line);
  } else if (event.type === "task-finished") {
    lastLines.delete(event.task);
  }
}

/** A view that is redrawn until it is closed. */
export interface LiveScreen {
  /** Takes the view away and gives the terminal back. */
  readonly close: () => void;
}

/**
 * A view that is redrawn ten times a second from what `frame` returns, each line narrower than the terminal and all together lower
 * than it. `spinner` is the current picture of one that turns. The cursor comes back also when the process exits in the middle.
 */
export async function openLiveScreen(
  options: Pick<LiveOptions, "stdout" | "stderr">,
  frame: (spinner: string) => readonly string[],
): Promise<LiveScreen> {
  const spinner = new Spinner();
  return await openScreen(options, spinner, () => frame(spinner.fetch()));
}

async function openScreen(
  options: Pick<LiveOptions, "stdout" | "stderr">,
  spinner: Spinner,
  frame: () => readonly string[],
): Promise<LiveScreen> {
  const output = new ReflowingOutput(options.stdout, options.stderr, { leaveEmptyLine: false });
  const renderer = new FrameRenderer(output, spinner, frame);
  const redraw = (): void => renderer.update();
  // Runs when the process exits in the middle: only synchronous writes count there, and this is one on a terminal.
  const restore = (): void => close();
  let open = true;
  const close = (): void => {
    if (!open) return;
    open = false;
    options.stdout.off("resize", redraw);
    process.off("exit", restore);
    renderer.end();
  };
  await renderer.render();
  options.stdout.on("resize", redraw);
  process.on("exit", restore);
  return { close };
}

/** listr2's renderer with our frame in place of its task list. */
class FrameRenderer extends DefaultRenderer {
  readonly #output: ReflowingOutput;
  readonly #frame: () => readonly string[];

  constructor(output: ReflowingOutput, spinner: Spinner, frame: () => readonly string[]) {
    const logger = new ListrLogger({ useIcons: false, toStderr: [], processOutput: output });
    super([], { logger, spinner, clearOutput: true }, new ListrEventManager());
    this.#output = output;
    this.#frame = frame;
  }

  override create(): string {
    const lines = this.#frame();
    this.#output.expect(lines);
    return lines.join("\n");
  }
}

/**
 * Terminals break the lines of the last frame anew when they become narrower, so that it is higher than what the redrawing
 * code counted and would leave its upper part behind. This stream goes up by as many lines first.
 */
class ReflowingOutput extends ProcessOutput {
  #shown: readonly string[] = [];
  #next: readonly string[] = [];
  #columns: number;

  constructor(...parameters: ConstructorParameters<typeof ProcessOutput>) {
    super(...parameters);
    this.#columns = this.stream.stdout.out.columns;
  }

  /** The frame that is drawn next. */
  expect(lines: readonly string[]): void {
    this.#next = lines;
  }

  override get stdout(): NodeJS.WriteStream {
    const { out } = this.stream.stdout;
    const write = (text: string): boolean => out.write(this.#rise(out.columns) + text);
    return new Proxy(out, {
      get: (target, property): unknown => (property === "write" ? write : Reflect.get(target, property)),
    });
  }

  #rise(columns: number): string {
    const broken = columns < this.#columns ? countRows(this.#shown, columns) - this.#shown.length : 0;
    this.#columns = columns;
    this.#shown = this.#next;
    return "\u001B[2K\u001B[1A".repeat(Math.max(0, broken));
  }
}

function countRows(lines: readonly string[], columns: number): number {
  let rows = 0;
  for (const line of lines)
    rows += Math.max(1, Math.ceil(stripVTControlCharacters(line).length / Math.max(1, columns)));
  return rows;
}
