import { formatByteSize } from "../model/byte-size.ts";
import { alignColumns } from "../report/columns.ts";
import { formatPercent } from "../report/fact-text.ts";
import type { Palette } from "../report/palette.ts";
import type { Recommendation, ServiceFacts } from "./monitor-facts.ts";

/** The recommendations for a terminal or a pipe: what, by how much, and the command below it. */
export function renderRecommendations(recommendations: readonly Recommendation[], palette: Palette): readonly string[] {
  if (recommendations.length === 0) return ["Nothing to recommend: every limit and budget holds."];
  const width = Math.max(...recommendations.map(({ about }) => about.length));
  return recommendations.flatMap(({ urgency, about, text, savesBytes, command }) => {
    const mark =
      urgency === "limit-broken" ? palette.red("✖") : urgency === "worthwhile" ? palette.yellow("!") : palette.dim("-");
    return [
      `${mark} ${palette.bold(about.padEnd(width))}  ${text}`,
      `  ${" ".repeat(width)}  ${describeGain(urgency, savesBytes)}${palette.cyan(command)}`,
    ];
  });
}

function describeGain(urgency: Recommendation["urgency"], savesBytes: number | undefined): string {
  if (savesBytes === undefined) return "";
  return `${urgency === "limit-broken" ? "over by" : "saves"} ${formatByteSize(savesBytes)}: `;
}

/** The newest image of a service against its limits. */
export interface SizeVerdict {
  readonly service: string;
  /** Absent where there is no image. */
  readonly image?: { readonly id: string; readonly tags: readonly string[]; readonly sizeBytes: number };
  readonly limitBytes?: number;
  /** What `growth_limit` makes of the image before; absent where either is unknown. */
  readonly growthLimitBytes?: number;
  readonly previousBytes?: number;
  readonly verdict: "kept" | "near" | "broken" | "no-limit" | "no-image";
}

/** Judges the newest image of each service, as the `size` check of a verify task does. */
export function judgeSizes(
  services: readonly Pick<ServiceFacts, "service" | "newest" | "previousBytes">[],
): readonly SizeVerdict[] {
  return services.map(({ service, newest, previousBytes }) => {
    const { name, sizeLimitBytes, growthLimit } = service;
    const limit = sizeLimitBytes === undefined ? {} : { limitBytes: sizeLimitBytes };
    if (newest === undefined) return { service: name, ...limit, verdict: "no-image" };
    const growthLimitBytes =
      growthLimit === undefined || previousBytes === undefined
        ? undefined
        : Math.floor(previousBytes * (1 + growthLimit));
    const limits = [sizeLimitBytes, growthLimitBytes].filter((bytes) => bytes !== undefined);
    const { id, tags, sizeBytes } = newest;
    return {
      service: name,
      image: { id, tags, sizeBytes },
      ...limit,
      ...(growthLimitBytes === undefined ? {} : { growthLimitBytes }),
      ...(previousBytes === undefined ? {} : { previousBytes }),
      verdict: judge(sizeBytes, limits),
    };
  });
}

function judge(sizeBytes: number, limits: readonly number[]): SizeVerdict["verdict"] {
  if (limits.length === 0) return "no-limit";
  const limit = Math.min(...limits);
  if (sizeBytes > limit) return "broken";
  return sizeBytes >= 0.9 * limit ? "near" : "kept";
}

/** The table of `orchestrate monitor --sizes`. */
export function renderSizes(verdicts: readonly SizeVerdict[], palette: Palette): readonly string[] {
  const rows = verdicts.map(({ service, image, limitBytes, growthLimitBytes, previousBytes, verdict }) => [
    service,
    image === undefined ? "-" : formatByteSize(image.sizeBytes),
    limitBytes === undefined
      ? "no limit"
      : `${image === undefined ? "" : `${formatPercent(image.sizeBytes, limitBytes)} `}of ${formatByteSize(limitBytes)}`,
    growthLimitBytes === undefined || previousBytes === undefined
      ? ""
      : `at most ${formatByteSize(growthLimitBytes)} after ${formatByteSize(previousBytes)}`,
    VERDICTS[verdict],
  ]);
  const lines = alignColumns(rows, ["left", "right", "left", "left", "left"]);
  return lines.map((line, index) => {
    const verdict = verdicts[index]?.verdict;
    return verdict === "broken" ? palette.red(line) : verdict === "near" ? palette.yellow(line) : line;
  });
}

const VERDICTS: Readonly<Record<SizeVerdict["verdict"], string>> = {
  kept: "",
  near: "near its limit",
  broken: "TOO LARGE",
  "no-limit": "",
  "no-image": "no image",
};
