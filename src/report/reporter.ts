import type { RunEvent } from "../model/event.ts";

/** Turns events into something a person or a program can see. It sees nothing but events. */
export interface Reporter {
  /** Called for every event in order. It should not block for long: the run waits for it. */
  onEvent(event: RunEvent): void;
  /** Called once after the last event; what was begun (files, a terminal view) is finished when it resolves. */
  end?(): Promise<void>;
}

/** A reporter and the name under which its trouble is told. */
export interface NamedReporter {
  readonly name: string;
  readonly reporter: Reporter;
}

/**
 * Hands every event to every reporter, in the order given. A reporter that throws never stops the run nor another reporter:
 * `onTrouble` is told once for each reporter, and the reporter still gets the events that follow (a full disk may recover).
 */
export function fanOut(
  reporters: readonly NamedReporter[],
  onTrouble: (name: string, error: unknown) => void,
): Required<Reporter> {
  const told = new Set<string>();
  const tell = (name: string, error: unknown): void => {
    if (told.has(name)) return;
    told.add(name);
    onTrouble(name, error);
  };
  return {
    onEvent(event) {
      for (const { name, reporter } of reporters) {
        try {
          reporter.onEvent(event);
        } catch (error) {
          tell(name, error);
        }
      }
    },
    async end() {
      for (const { name, reporter } of reporters) {
        try {
          await reporter.end?.();
        } catch (error) {
          tell(name, error);
        }
      }
    },
  };
}
