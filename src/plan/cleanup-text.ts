import { formatByteSize } from "../model/byte-size.ts";
import type { CleanupItem, CleanupPlan, KeptItem, Protection } from "../model/cleanup.ts";
import { formatDuration } from "../model/duration.ts";

/** What an item is, in a few words: `image shop/frontend:latest`, `cache [build 2/4] COPY . .`. */
export function describeCleanupItem(item: CleanupItem | KeptItem): string {
  if (item.item === "cache-record") return `cache ${item.description === "" ? item.type : item.description}`;
  if (item.item === "volume") return `volume ${item.id}`;
  const name = item.tags[0] ?? `${item.service} ${shortImageId(item.id)}`;
  return `image ${name}${item.tags.length > 1 ? ` (and ${item.tags.length - 1} more)` : ""}`;
}

/** Why an image stays, as the end of a sentence that starts with its name. */
export function describeProtection(protection: Protection): string {
  switch (protection.because) {
    case "used-by-container":
      return `used by container ${protection.container} (${protection.state})`;
    case "newest-of-service":
      return `number ${protection.rank} of the newest ${protection.keep}`;
    case "younger-than-minimum-age":
      return `younger than ${formatDuration(protection.minAgeMs)}`;
    case "tagged-by-others":
      return `also known as ${protection.tag}, which is not ours`;
    case "released":
      return `part of release ${protection.deployId}, live or kept for a rollback`;
    case "run-in-progress":
      return `run ${protection.runId} may have made or used it`;
    case "pinned":
      return `pinned by ${protection.pattern}`;
    case "not-ours":
      return "not of this project";
  }
}

/** The itemised list of `--dry-run`: what would go with its size and reason, what stays and why, and the sum. */
export function renderCleanupPlan(plan: CleanupPlan): readonly string[] {
  const lines: string[] = [];
  if (plan.items.length === 0) lines.push("Nothing to remove.");
  for (const item of plan.items) {
    lines.push(`remove  ${pad(formatByteSize(item.sizeBytes))}  ${describeCleanupItem(item)}  (${item.reason})`);
  }
  for (const item of plan.kept) {
    const name = describeCleanupItem(item);
    lines.push(`keep    ${pad(formatByteSize(item.sizeBytes))}  ${name}  (${describeProtection(item.protection)})`);
  }
  if (plan.items.length > 0) lines.push(describeSum(plan));
  return lines;
}

function describeSum(plan: CleanupPlan): string {
  const images = plan.items.filter((item) => item.item === "image").length;
  const records = plan.items.length - images;
  const parts = [
    ...(images > 0 ? [`${images} ${images === 1 ? "image" : "images"}`] : []),
    ...(records > 0 ? [`${records} cache ${records === 1 ? "record" : "records"}`] : []),
  ];
  return `Would free ${formatByteSize(plan.predictedBytes)}: ${parts.join(" and ")}.`;
}

/** The first 12 digits of an image ID, as Docker prints it. */
function shortImageId(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}

function pad(text: string): string {
  return text.padStart(8);
}
