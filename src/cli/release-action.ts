import type { CommandEnd } from "../tasks/deploy/release-command.ts";
import type { ReleaseSite } from "../tasks/deploy/release-site.ts";
import type { Result } from "../model/failure.ts";
import { formatDuration } from "../model/duration.ts";
import { openConfigured } from "./ad-hoc-command.ts";
import type { Invocation } from "./command-declaration.ts";
import { EXIT, signalExitCode } from "./exit-code.ts";
import { OPTION } from "./options.ts";
import { ReleaseRoom } from "./release-room.ts";
import type { Surroundings } from "./surroundings.ts";
import { tellTrouble } from "./trouble.ts";

/** Runs a command that changes what is live, telling its steps; gives the exit code. */
export async function executeReleaseAction(
  invocation: Invocation,
  surroundings: Surroundings,
  act: (site: ReleaseSite) => Promise<Result<CommandEnd>>,
): Promise<number> {
  const json = invocation.options.flag("json");
  const configured = await openConfigured(invocation, surroundings);
  if (!configured.ok) return tellTrouble(configured.trouble, surroundings, json);
  const tell = (line: string): void => {
    if (!json) surroundings.stdout.write(`${line}\n`);
  };
  const lockTimeoutMs = invocation.options.number(OPTION.lockTimeout.name);
  await using room = await ReleaseRoom.open(configured.value, surroundings, tell, lockTimeoutMs);
  if (!room.site.ok) return tellTrouble({ trouble: "failure", failure: room.site.failure }, surroundings, json);
  const ended = await act(room.site.value);
  if (!ended.ok) {
    await tellTrouble({ trouble: "failure", failure: ended.failure }, surroundings, json);
    return surroundings.signal.aborted ? signalExitCode(String(surroundings.signal.reason)) : EXIT.failure;
  }
  if (json) surroundings.stdout.write(`${JSON.stringify({ version: 1, ...ended.value }, undefined, 2)}\n`);
  else tell(describeEnd(ended.value));
  return EXIT.success;
}

function describeEnd(ended: CommandEnd): string {
  switch (ended.did) {
    case "nothing":
      return ended.because;
    case "restore": {
      const { colour, restores, deployId } = ended.release;
      return `${colour} is live with release ${restores ?? deployId}; traffic moved after ${formatDuration(ended.switchedAfterMs)}`;
    }
    case "recover":
      return `deploy ${ended.record.release.deployId} to ${ended.record.release.colour}: ${ended.end}`;
  }
}
