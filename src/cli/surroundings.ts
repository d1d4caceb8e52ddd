/** Where a command runs: everything it may know of the process. Read once, by main. */
export interface Surroundings {
  /** Directory that relative paths on the command line refer to. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Aborts on the first SIGINT, SIGTERM or SIGHUP; its reason is the signal's name. */
  readonly signal: AbortSignal;
  /** Asks the person at the terminal for a line; undefined after Ctrl-C or the end of input. Absent where there is no terminal. */
  readonly ask?: (question: string) => Promise<string | undefined>;
}

/** Standard output or standard error. */
export interface OutputStream {
  readonly isTerminal: boolean;
  /** Width in characters; 80 where it is unknown. */
  readonly columns: number;
  /** Returns when the text is handed to the system. */
  readonly write: (text: string) => void;
  /** The stream itself, for a view that redraws lines; made when it is first asked for. */
  readonly terminal: () => NodeJS.WriteStream;
}

/** Whether to colour: NO_COLOR (no-color.org) and FORCE_COLOR decide, else whether it is a terminal. */
export function wantsColor(stream: OutputStream, env: Surroundings["env"]): boolean {
  if ((env["NO_COLOR"] ?? "") !== "") return false;
  if ((env["FORCE_COLOR"] ?? "") !== "") return env["FORCE_COLOR"] !== "0";
  return stream.isTerminal && env["TERM"] !== "dumb";
}
