import { describe, expect, it } from "vitest";
import type { CleanupItem, CleanupPlan, KeptItem } from "../../../src/model/cleanup.ts";
import { describeProtection, renderCleanupPlan } from "../../../src/plan/cleanup-text.ts";

const IMAGE = { item: "image", service: "web", sizeBytes: 58_100_000, tags: [] } as const;

const PLAN: CleanupPlan = {
  version: 1,
  items: [],
  kept: [],
  predictedBytes: 0,
  physicalBytes: 0,
  hiddenBytes: 0,
  budgets: [],
};
const anImageItem = (id: string): Extract<CleanupItem, { item: "image" }> => ({
  ...IMAGE,
  id: `sha256:${id}`,
  freesBytes: 58_100_000,
  step: "old-images",
  reason: "untagged, number 3 of web, the newest 2 are kept",
});
type RecordItem = Extract<CleanupItem, { item: "cache-record" }>;
const aRecordItem = (id: string, change: Partial<RecordItem> = {}): RecordItem => ({
  item: "cache-record",
  id,
  type: "regular",
  description: "[build 2/4] COPY . .",
  sizeBytes: 1_200,
  freesBytes: 1_200,
  lastUsedAtMs: 1,
  step: "cache",
  reason: "unused for 2h 00m",
  ...change,
});

describe("renderCleanupPlan", () => {
  it("lists what goes and why, what stays and why, the budgets, the sum and what no number shows", () => {
    const kept: KeptItem = {
      ...IMAGE,
      id: "sha256:2",
      tags: ["shop/web:latest", "shop/web:2"],
      protection: { because: "newest-of-service", rank: 1, keep: 2 },
    };
    const plan: CleanupPlan = {
      ...PLAN,
      items: [
        { ...anImageItem("0123456789abcdef"), freesBytes: 8_100_000 },
        aRecordItem("a"),
        aRecordItem("b", { type: "source.local", description: "", sizeBytes: 5, freesBytes: 5 }),
        { item: "volume", id: "shop_data", sizeBytes: 70, freesBytes: 70, reason: "no container mounts it" },
      ],
      kept: [kept],
      predictedBytes: 8_101_275,
      physicalBytes: 3_101_275,
      hiddenBytes: 5_000_000,
      budgets: [
        { name: "cache", limitBytes: 10e9, beforeBytes: 12e9, afterBytes: 9.8e9, holds: true },
        { name: "images-per-service", limitImages: 2, beforeImages: 5, afterImages: 3, holds: false },
        { name: "free-space", limitBytes: 20e9, beforeBytes: 1e9, afterBytes: 1.1e9, holds: false },
      ],
    };
    expect(renderCleanupPlan(plan)).toEqual([
      "remove   8.10 MB  image web 0123456789ab  (untagged, number 3 of web, the newest 2 are kept; of its 58.1 MB the rest is held by others)",
      "remove   1.20 kB  cache [build 2/4] COPY . .  (unused for 2h 00m)",
      "remove       5 B  cache source.local  (unused for 2h 00m)",
      "remove      70 B  volume shop_data  (no container mounts it)",
      "keep     58.1 MB  image shop/web:latest (and 1 more)  (number 1 of the newest 2)",
      "budget  private cache: 12.0 GB → 9.80 GB, at most 10.0 GB",
      "budget  images per service: 5 → 3, at most 2  NOT MET: protected ones are more",
      "budget  free space: 1.00 GB → 1.10 GB, at least 20.0 GB  NOT MET: nothing more may go by this policy",
      "Would free 8.10 MB: 1 image and 2 cache records and 1 volume.",
      "Predicted by the engine's accounting; a clean-up reports predicted, accounted and physical bytes.",
      "The disk should gain 3.10 MB.",
      "Hidden: 5.00 MB stay that the engine counts nowhere, held by the cache alone.",
    ]);
  });

  it("stays readable with hundreds of images and thousands of records, and says what it leaves out", () => {
    const items = [
      ...Array.from({ length: 200 }, (_, index) => anImageItem(`${index}`)),
      ...Array.from({ length: 2_000 }, (_, index) => aRecordItem(`${index}`)),
    ];
    const kept = Array.from({ length: 300 }, (_, index): KeptItem => ({
      ...IMAGE,
      id: `k${index}`,
      tags: [`x:${index}`],
      protection: { because: "not-ours" },
    }));
    const lines = renderCleanupPlan({ ...PLAN, items, kept });
    expect(lines.length).toBeLessThan(50);
    expect(lines).toContain("remove   10.5 GB  … 180 images more  (all of them with --json or --plan)");
    expect(lines).toContain("remove   2.38 MB  … 1980 cache records more  (all of them with --json or --plan)");
    expect(lines).toContain("keep              300 images: x:0, x:1, x:2, x:3 and 296 more  (not of this project)");
  });

  it("names what of the cache stays by its reason alone", () => {
    const record = { item: "cache-record", type: "regular", description: "", sizeBytes: 1_000 } as const;
    const young = { because: "younger-than-minimum-age", minAgeMs: 3_600_000 } as const;
    const kept: readonly KeptItem[] = [
      { ...record, id: "a", protection: young },
      { ...record, id: "b", protection: young },
      { ...record, id: "c", protection: { because: "used-by-build" } },
    ];
    expect(renderCleanupPlan({ ...PLAN, kept })).toEqual([
      "Nothing to remove.",
      "keep     2.00 kB  2 cache records  (younger than 1h 00m)",
      "keep     1.00 kB  cache regular  (a build uses it)",
    ]);
  });

  it("says when there is nothing to do", () => {
    expect(renderCleanupPlan(PLAN)).toEqual(["Nothing to remove."]);
  });
});

describe("describeProtection", () => {
  it.each([
    [
      { because: "used-by-container", container: "shop-blue-web-1", state: "exited" },
      "used by container shop-blue-web-1 (exited)",
    ],
    [{ because: "younger-than-minimum-age", minAgeMs: 3_600_000 }, "younger than 1h 00m"],
    [{ because: "tagged-by-others", tag: "backup/web:1" }, "also known as backup/web:1, which is not ours"],
  ] as const)("%j", (protection, text) => expect(describeProtection(protection)).toBe(text));
});
