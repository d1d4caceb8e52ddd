import { formatByteSize } from "../model/byte-size.ts";
import type { CleanupItem, CleanupPlan } from "../model/cleanup.ts";
import { describeCleanupItem } from "../plan/cleanup-text.ts";
import type { CleanPreparation } from "./clean-room.ts";
import type { Surroundings } from "./surroundings.ts";
import { refuse, succeed } from "./trouble.ts";
import type { Outcome } from "./trouble.ts";

/** What a plan lists that no build brings back: images that are not of this project, and volumes, whose data has no copy. */
export function findForeign(
  plan: CleanupPlan,
  { ownImages }: Pick<CleanPreparation, "ownImages">,
): readonly CleanupItem[] {
  return plan.items.filter((item) => item.item === "volume" || (item.item === "image" && !ownImages.has(item.id)));
}

/**
 * Whether that may go: `--yes` says so, a person on a terminal is shown the list and asked. Without either that is a
 * mistake of use, and nothing is removed.
 */
export async function confirmForeign(
  items: readonly CleanupItem[],
  { yes, json }: { readonly yes: boolean; readonly json: boolean },
  surroundings: Surroundings,
): Promise<Outcome<boolean>> {
  if (items.length === 0 || yes) return succeed(true);
  const list = items.map((item) => `  ${formatByteSize(item.sizeBytes).padStart(8)}  ${describeCleanupItem(item)}`);
  const what = `${items.length === 1 ? "something" : `${items.length} things`} that no build brings back`;
  const { ask } = surroundings;
  if (ask === undefined || json) {
    const message = `the plan removes ${what}, and nobody can be asked:\n${list.join("\n")}`;
    const hint = "add --yes to remove them, or leave out --all-images and --volumes";
    return refuse([{ code: "value-invalid", severity: "error", message, hint }], new Map());
  }
  surroundings.stdout.write(`The plan removes ${what}:\n${list.join("\n")}\n`);
  const answer = await ask("Remove this for ever? Type yes: ");
  return succeed(answer?.trim().toLowerCase() === "yes");
}
