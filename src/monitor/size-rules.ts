import { formatByteSize } from "../model/byte-size.ts";
import { formatPercent } from "../report/fact-text.ts";
import type { DigestedLayer, Recommendation, ServiceFacts } from "./monitor-facts.ts";

/** From this share of its limit on an image is near it. */
const NEAR = 0.9;
/** Growth below this is worth no line. */
const NOTABLE_GROWTH = 0.1;
/** What less than this would save is worth no line. */
const TRIFLE_BYTES = 1e6;

/** The newest image of a service is larger than `size_limit` allows. */
export function sizeLimitBroken({ service, newest, layers }: ServiceFacts): Recommendation | undefined {
  const limitBytes = service.sizeLimitBytes;
  if (newest === undefined || limitBytes === undefined || newest.sizeBytes <= limitBytes) return undefined;
  const overBytes = newest.sizeBytes - limitBytes;
  return {
    rule: "size-limit-broken",
    urgency: "limit-broken",
    about: service.name,
    text: `${formatByteSize(newest.sizeBytes)} is ${formatByteSize(overBytes)} over its limit of ${formatByteSize(limitBytes)}${describeLargest(layers)}`,
    savesBytes: overBytes,
    command: showLayers(newest),
  };
}

/** The newest image takes nine tenths of its limit or more. */
export function sizeLimitNear({ service, newest, layers }: ServiceFacts): Recommendation | undefined {
  const limitBytes = service.sizeLimitBytes;
  if (newest === undefined || limitBytes === undefined) return undefined;
  if (newest.sizeBytes > limitBytes || newest.sizeBytes < NEAR * limitBytes) return undefined;
  const left = formatByteSize(limitBytes - newest.sizeBytes);
  return {
    rule: "size-limit-near",
    urgency: "hint",
    about: service.name,
    text: `${formatByteSize(newest.sizeBytes)} leaves ${left} to its limit of ${formatByteSize(limitBytes)}${describeLargest(layers)}`,
    command: showLayers(newest),
  };
}

/** The newest image is larger than the one built before it: beyond `growth_limit`, or by a tenth and more. */
export function grownSinceLast({ service, newest, previousBytes, layers }: ServiceFacts): Recommendation | undefined {
  if (newest === undefined || previousBytes === undefined || previousBytes <= 0) return undefined;
  const grownBytes = newest.sizeBytes - previousBytes;
  const { growthLimit } = service;
  const broken = growthLimit !== undefined && newest.sizeBytes > Math.floor(previousBytes * (1 + growthLimit));
  if (!broken && (grownBytes < TRIFLE_BYTES || grownBytes < NOTABLE_GROWTH * previousBytes)) return undefined;
  const limit = broken ? `, and ${formatPercent(growthLimit, 1)} is allowed` : "";
  const sizes = `${formatByteSize(previousBytes)} to ${formatByteSize(newest.sizeBytes)}`;
  return {
    rule: "grown-since-last",
    urgency: broken ? "limit-broken" : "hint",
    about: service.name,
    text: `grew by ${formatPercent(grownBytes, previousBytes)} since the last image, ${sizes}${limit}${describeLargest(layers)}`,
    savesBytes: grownBytes,
    command: showLayers(newest),
  };
}

/** Another bake target makes a smaller image of the same context: it was built, so the comparison is a fact. */
export function smallerSibling({ service, newest, siblings }: ServiceFacts): Recommendation | undefined {
  const smallest = siblings.toSorted((a, b) => a.sizeBytes - b.sizeBytes)[0];
  if (newest === undefined || smallest === undefined) return undefined;
  const savesBytes = newest.sizeBytes - smallest.sizeBytes;
  if (savesBytes < TRIFLE_BYTES) return undefined;
  return {
    rule: "smaller-sibling",
    urgency: "worthwhile",
    about: service.name,
    text: `bake target ${smallest.bakeTarget} makes ${formatByteSize(smallest.sizeBytes)} of the same context, ${service.bakeTarget} makes ${formatByteSize(newest.sizeBytes)}: name it as \`bake_target\` in docker/build-config.json`,
    savesBytes,
    command: `orchestrate build --service ${service.name}`,
  };
}

/** A larger image of the same context lies beside the one that is used: a plain one that was built to compare. */
export function plainImageLeft({ service, newest, siblings }: ServiceFacts): Recommendation | undefined {
  const largest = siblings.toSorted((a, b) => b.sizeBytes - a.sizeBytes)[0];
  if (newest === undefined || largest === undefined || largest.sizeBytes <= newest.sizeBytes) return undefined;
  const { uniqueBytes, reference, sizeBytes } = largest;
  if (uniqueBytes === undefined || uniqueBytes < TRIFLE_BYTES) return undefined;
  return {
    rule: "plain-image-left",
    urgency: "worthwhile",
    about: service.name,
    text: `${reference} of ${formatByteSize(sizeBytes)} is kept beside the image of ${formatByteSize(newest.sizeBytes)} that is used`,
    savesBytes: uniqueBytes,
    command: `docker image rm ${reference}`,
  };
}

/** A service without a limit, of which the sizes are known: half as much again and rounded up is one that holds. */
export function limitMissing({ service, newest, usage }: ServiceFacts): Recommendation | undefined {
  if (newest === undefined || service.sizeLimitBytes !== undefined) return undefined;
  const largest = Math.max(...usage.images.map(({ sizeBytes }) => sizeBytes));
  const count = usage.images.length;
  const known =
    count === 1
      ? `its image has ${formatByteSize(largest)}`
      : `the largest of its ${count} images has ${formatByteSize(largest)}`;
  return {
    rule: "limit-missing",
    urgency: "hint",
    about: service.name,
    text: `has no \`size_limit\` in docker/build-config.json; ${known}: "${formatLimit(1.5 * largest)}" would hold`,
    command: "orchestrate monitor --sizes",
  };
}

/** Two digits, rounded up, in a unit that the configuration reads. */
function formatLimit(bytes: number): string {
  const unit = 10 ** Math.max(3, Math.floor(Math.log10(Math.max(1, bytes))) - 1);
  const rounded = Math.ceil(bytes / unit) * unit;
  return rounded >= 1e9 ? `${rounded / 1e9}GB` : rounded >= 1e6 ? `${rounded / 1e6}MB` : `${rounded / 1e3}kB`;
}

function describeLargest(layers: readonly DigestedLayer[]): string {
  const largest = layers.toSorted((a, b) => b.sizeBytes - a.sizeBytes)[0];
  if (largest === undefined || largest.sizeBytes === 0) return "";
  return `; its largest layer is ${formatByteSize(largest.sizeBytes)}${describeStep(largest)}`;
}

/** The instruction that made a layer, as short as it can be read. */
export function describeStep({ createdBy = "" }: { readonly createdBy?: string }): string {
  const step = createdBy
    .replace(/^\/bin\/sh -c (#\(nop\)\s+)?/, "RUN ")
    .replace(/^RUN \/bin\/sh -c /, "RUN ")
    .replace(/ # buildkit$/, "")
    .replaceAll(/\s+/g, " ")
    .trim();
  if (step === "") return "";
  return `, ${step.length <= 60 ? step : `${step.slice(0, 59)}…`}`;
}

function showLayers({ tags, id }: { readonly tags: readonly string[]; readonly id: string }): string {
  return `docker history ${tags[0] ?? id.replace(/^sha256:/, "").slice(0, 12)}`;
}
