import { describe, expect, it } from "vitest";
import type { CleanupPlan, KeptItem } from "../../../src/model/cleanup.ts";
import { describeProtection, renderCleanupPlan } from "../../../src/plan/cleanup-text.ts";

const IMAGE = { item: "image", service: "web", sizeBytes: 58_100_000, tags: [] } as const;

describe("renderCleanupPlan", () => {
  it("lists what goes and why, what stays and why, and the sum", () => {
    const kept: KeptItem = {
      ...IMAGE,
      id: "sha256:2",
      tags: ["shop/web:latest", "shop/web:2"],
      protection: { because: "newest-of-service", rank: 1, keep: 2 },
    };
    const plan: CleanupPlan = {
      items: [
        { ...IMAGE, id: "sha256:0123456789abcdef", reason: "untagged, number 3 of web, the newest 2 are kept" },
        {
          item: "cache-record",
          id: "a",
          type: "regular",
          description: "[build 2/4] COPY . .",
          sizeBytes: 1_200,
          reason: "last used 2h 00m ago",
        },
        { item: "cache-record", id: "b", type: "source.local", description: "", sizeBytes: 5, reason: "never used" },
      ],
      kept: [kept],
      predictedBytes: 58_101_205,
    };
    expect(renderCleanupPlan(plan)).toEqual([
      "remove   58.1 MB  image web 0123456789ab  (untagged, number 3 of web, the newest 2 are kept)",
      "remove   1.20 kB  cache [build 2/4] COPY . .  (last used 2h 00m ago)",
      "remove       5 B  cache source.local  (never used)",
      "keep     58.1 MB  image shop/web:latest (and 1 more)  (number 1 of the newest 2)",
      "Would free 58.1 MB: 1 image and 2 cache records.",
    ]);
  });

  it("says when there is nothing to do", () => {
    expect(renderCleanupPlan({ items: [], kept: [], predictedBytes: 0 })).toEqual(["Nothing to remove."]);
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
