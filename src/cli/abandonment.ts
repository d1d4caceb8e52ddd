import { killAllCommands } from "../docker/command.ts";

/** Ends every child process at once, after a second Ctrl-C. */
export function abandonCommands(): void {
  killAllCommands();
}
