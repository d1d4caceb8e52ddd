import { formatByteSize } from "../model/byte-size.ts";
import { describeProtection } from "../plan/cleanup-text.ts";
import { formatPercent } from "../report/fact-text.ts";
import type { Recommendation } from "./monitor-facts.ts";
import type { SizeVerdict } from "./monitor-text.ts";
import type { Usage } from "./usage.ts";
import { describeAge } from "./image-table.ts";

/** What `orchestrate monitor` found out; the JSON of `--json` and of a report. Documented in docs/usage.md. */
export interface MonitorReport {
  readonly version: 1;
  readonly atMs: number;
  readonly sizes: readonly SizeVerdict[];
  readonly recommendations: readonly Recommendation[];
  readonly usage: Usage;
}

/** The report as Markdown: recommendations first, then limits, images, cache, disk and what Docker's numbers hide. */
export function renderMarkdownReport({ atMs, sizes, recommendations, usage }: MonitorReport): string {
  const parts = [
    `# Disk use of ${usage.project}`,
    `${new Date(atMs).toISOString().slice(0, 19).replace("T", " ")} UTC`,
    "## Recommendations",
    recommendations.length === 0
      ? "Nothing to recommend: every limit and budget holds."
      : table(
          ["about", "what", "bytes", "command"],
          recommendations.map(({ about, urgency, text, savesBytes, command }) => [
            `${urgency === "limit-broken" ? "**limit broken** " : ""}${about}`,
            text,
            savesBytes === undefined
              ? ""
              : `${urgency === "limit-broken" ? "over by " : "saves "}${formatByteSize(savesBytes)}`,
            code(command),
          ]),
        ),
    "## Sizes and limits",
    table(["service", "newest image", "limit", "verdict"], sizes.map(sizeRow)),
    "## Images",
    table(["service", "image", "size", "age", "why it stays"], imageRows(usage)),
    "## Cache, disk, volumes, containers",
    table(["what", "now", "budget"], storageRows(usage)),
    table(["kind of cache", "records", "private", "part of images"], cacheRows(usage)),
    "## What could be freed",
    table(
      ["command", "bytes by the engine's accounting", "on the disk", "images", "cache records"],
      usage.cleanable.map(({ command, bytes, physicalBytes, images, cacheRecords }) => [
        code(command),
        formatByteSize(bytes),
        formatByteSize(physicalBytes),
        String(images),
        String(cacheRecords),
      ]),
    ),
    ...(usage.misleading.length === 0
      ? []
      : [
          "## Where Docker's numbers mislead",
          usage.misleading.map(({ command, text }) => `- ${code(command)} ${text}`).join("\n"),
        ]),
  ];
  return `${parts.join("\n\n")}\n`;
}

function sizeRow({ service, image, limitBytes, verdict }: SizeVerdict): readonly string[] {
  const size = image === undefined ? "" : formatByteSize(image.sizeBytes);
  const used =
    image === undefined || limitBytes === undefined ? "" : ` (${formatPercent(image.sizeBytes, limitBytes)})`;
  return [
    service,
    size,
    limitBytes === undefined ? "" : `${formatByteSize(limitBytes)}${used}`,
    verdict.replaceAll("-", " "),
  ];
}

function imageRows({ services }: Usage): readonly (readonly string[])[] {
  return services.flatMap(({ service, images }) =>
    images.map(({ id, tags, sizeBytes, ageMs, kept, removedBy }) => [
      service,
      code(tags[0] ?? id.replace(/^sha256:/, "").slice(0, 12)),
      formatByteSize(sizeBytes),
      describeAge(ageMs),
      removedBy === undefined
        ? kept === undefined
          ? ""
          : describeProtection(kept)
        : `goes with the policy ${removedBy}`,
    ]),
  );
}

function storageRows({
  cache,
  disk,
  volumes,
  containers,
  images,
  hiddenBytes = 0,
}: Usage): readonly (readonly string[])[] {
  const own = images.ownBytes === undefined ? "" : `, ${formatByteSize(images.ownBytes)} with each layer once`;
  return [
    ["images of the project", `${images.own}${own}`, ""],
    ["cache, private part", formatByteSize(cache.privateBytes), `at most ${formatByteSize(cache.budgetBytes)}`],
    ...(disk === undefined
      ? []
      : [
          [
            "disk",
            `${formatByteSize(disk.freeBytes)} free of ${formatByteSize(disk.totalBytes)}`,
            disk.minFreeBytes === undefined ? "" : `at least ${formatByteSize(disk.minFreeBytes)} free`,
          ],
        ]),
    ...(volumes === undefined ? [] : [["volumes", `${volumes.own.length}, ${formatByteSize(volumes.ownBytes)}`, ""]]),
    [
      "containers",
      `${containers.running} running, ${containers.stopped} stopped, ${formatByteSize(containers.writableBytes)} written`,
      "",
    ],
    ...(hiddenBytes > 0 ? [["hidden", `${formatByteSize(hiddenBytes)} that Docker counts nowhere`, ""]] : []),
  ];
}

function cacheRows({ cache }: Usage): readonly (readonly string[])[] {
  return cache.kinds.map(({ type, records, privateBytes, sharedBytes }) => [
    type,
    String(records),
    formatByteSize(privateBytes),
    formatByteSize(sharedBytes),
  ]);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", String.raw`\|`)).join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

/** Longer fences than any in the text, so that no name breaks out of them. */
function code(text: string): string {
  const ticks = "`".repeat(1 + Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length)));
  const pad = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return `${ticks}${pad}${text}${pad}${ticks}`;
}
