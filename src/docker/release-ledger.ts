import type { Result } from "../model/failure.ts";
import { runInRouter } from "./router/router-container.ts";
import type { RouterSite } from "./router/router-container.ts";

/** In the volume of the router's state: it lives as long as what it tells about, and is on the engine that is deployed to. */
const DIRECTORY = "/state/releases";

/** Replaced by rename, so that an entry is never half written. */
const WRITE = `mkdir -p ${DIRECTORY} && cd ${DIRECTORY}
printf '%s\\n' "$2" >"$1.new" && sync "$1.new" && mv "$1.new" "$1.json" && sync . || exit 1
shift 2
for old in "$@"; do rm -f "$old.json"; done
`;

/**
 * The entries of all releases that any machine has published, one line of JSON each, in no order; none where the router keeps none.
 * Takes one call in the router's container, and fails as that does.
 */
export async function readLedger(site: RouterSite, signal?: AbortSignal): Promise<Result<readonly string[]>> {
  const script = `cat ${DIRECTORY}/*.json 2>/dev/null; true`;
  const answer = await runInRouter(site, "read the ledger of releases", script, [], signal);
  return answer.ok ? { ok: true, value: answer.value.split("\n").filter((line) => line !== "") } : answer;
}

/** Writes or replaces the entry of a deploy, durably, and removes those of others. Only for the holder of the lock. */
export async function writeLedgerEntry(
  site: RouterSite,
  entry: { readonly deployId: string; readonly line: string },
  forget: readonly string[],
  signal?: AbortSignal,
): Promise<Result<void>> {
  const words = [entry.deployId, entry.line, ...forget];
  const answer = await runInRouter(site, "write the ledger of releases", WRITE, words, signal);
  return answer.ok ? { ok: true, value: undefined } : answer;
}
