import { describe, expect, it } from "vitest";
import { pipelineOf, problems, resolved, taskOf } from "./written-project.ts";

const CONFIG = "docker/build-config.json";
const cleanupOf = (cleanup: object) =>
  resolved({ [CONFIG]: JSON.stringify({ cleanup }), "pipelines/a.yaml": "tasks: { a: { run: x } }\n" }).buildConfig
    .cleanup;

describe("the policies of clean-up", () => {
  it("are resolved with every key, sizes and percentages alike", () => {
    const { normal } = cleanupOf({
      normal: {
        max_cache: "20GB",
        max_images: "30GB",
        keep_images: 3,
        min_age: "2h",
        min_free: { low: "5%", high: "12.5%" },
        steps: ["cache", "old-images"],
        pinned: ["shop/web:v1"],
      },
    });
    expect(normal).toEqual({
      maxCacheBytes: 20e9,
      maxImagesBytes: 30e9,
      keepImagesPerService: 3,
      minAgeMs: 7_200_000,
      minFree: { low: { share: 0.05 }, high: { share: 0.125 } },
      steps: ["cache", "old-images"],
      pinned: ["shop/web:v1"],
    });
  });

  it("go on to the low mark where there is no high one", () => {
    expect(cleanupOf({ normal: { min_free: { low: "10GB" } } }).normal.minFree).toEqual({
      low: { bytes: 10e9 },
      high: { bytes: 10e9 },
    });
  });

  it("take what `custom` leaves out from `normal`, never from `aggressive`", () => {
    const { custom, aggressive } = cleanupOf({
      normal: { max_cache: "20GB" },
      aggressive: { max_cache: "1GB" },
      custom: { steps: ["cache"], keep_images: 5 },
    });
    expect(custom).toMatchObject({ maxCacheBytes: 20e9, keepImagesPerService: 5, steps: ["cache"] });
    expect(aggressive.keepImagesPerService).toBe(1);
  });

  it.each([
    ['"max_cache": "10"', "1:41 size-invalid"],
    ['"keep_images": 0', "1:43 value-invalid"],
    ['"min_free": {}', "1:28 key-missing"],
    ['"min_free": { "low": "110%" }', "1:49 size-invalid"],
    ['"min_free": { "low": "20GB", "high": "10GB" }', "1:65 value-invalid"],
    ['"min_free": { "low": "20%", "high": "10%" }', "1:64 value-invalid"],
    ['"steps": ["cache", "cache"]', "1:47 value-invalid"],
    ['"steps": ["cahce"]', "1:38 value-invalid"],
    ['"keep": 2', "1:28 key-unknown"],
  ])("point at the mistake in %s", (text, place) => {
    expect(problems({ [CONFIG]: `{ "cleanup": { "normal": { ${text} } } }` })).toEqual([`${CONFIG}:${place}`]);
  });
});

describe("a clean task", () => {
  it("takes the same keys", () => {
    const pipeline = pipelineOf(
      "tasks:\n  c: { clean: { policy: custom, max_images: 3GB, min_free: { low: 1GB, high: 10% }, steps: [old-images], pinned: [a] } }\n",
    );
    expect(taskOf(pipeline, "c", "clean").clean).toEqual({
      policy: "custom",
      maxImagesBytes: 3e9,
      minFree: { low: { bytes: 1e9 }, high: { share: 0.1 } },
      steps: ["old-images"],
      pinned: ["a"],
    });
  });
});
