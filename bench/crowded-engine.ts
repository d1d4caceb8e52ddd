import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { SecondEngine } from "../test/rig/second-engine.ts";
import { timeSuccess } from "./measure.ts";

/** How much there is on the engine. */
export interface Crowd {
  readonly services: number;
  readonly imagesPerService: number;
  /** Steps of each image: half of them in a stage that is not exported, so that their records are private. */
  readonly steps: number;
}

/** An engine of its own with many images and cache records, and the project that they belong to. */
export class CrowdedEngine implements AsyncDisposable {
  readonly engine: SecondEngine;
  /** The project's directory. */
  readonly directory: string;

  private constructor(engine: SecondEngine, directory: string) {
    this.engine = engine;
    this.directory = directory;
  }

  /** Builds the images with bake, tiny layers on `scratch`, a service at a time. Takes about a minute for 200 of 10 steps. */
  static async create(crowd: Crowd): Promise<CrowdedEngine> {
    const directory = mkdtempSync(path.join(tmpdir(), "orc-bench-usage-"));
    const crowded = new CrowdedEngine(await SecondEngine.start(), directory);
    try {
      writeProject(directory, crowd);
      for (let service = 0; service < crowd.services; service += 1) crowded.#build(crowd, service);
      return crowded;
    } catch (error) {
      await crowded[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Images and cache records, as the engine counts them. */
  async count(): Promise<{ readonly images: number; readonly records: number }> {
    const [images, records] = await Promise.all([
      this.engine.docker("image", "ls", "--all", "--quiet"),
      this.engine.docker("system", "df", "--format", "{{.Type}} {{.TotalCount}}"),
    ]);
    const cache = records.find((line) => line.startsWith("Build Cache"));
    return { images: new Set(images).size, records: Number(cache?.split(" ").at(-1) ?? 0) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.directory, { recursive: true, force: true });
    await this.engine[Symbol.asyncDispose]();
  }

  #build(crowd: Crowd, service: number): void {
    const targets = Object.fromEntries(
      Array.from({ length: crowd.imagesPerService }, (_, image) => [
        `image-${image}`,
        {
          context: "context",
          "dockerfile-inline": dockerfile(crowd, service * crowd.imagesPerService + image),
          labels: { "dev.orchestrate.project": "crowd", "dev.orchestrate.service": `service-${service}` },
          // Only the newest has a name, as after many builds of one service.
          tags: image === crowd.imagesPerService - 1 ? [`crowd/service-${service}:latest`] : [],
        },
      ]),
    );
    const file = path.join(this.directory, `crowd-${service}.json`);
    writeFileSync(file, JSON.stringify({ group: { default: { targets: Object.keys(targets) } }, target: targets }));
    timeSuccess("docker", ["buildx", "bake", "--file", file, "--load", "--progress", "quiet"], {
      workingDirectory: this.directory,
      environment: { ...this.engine.environment, BUILDX_NO_DEFAULT_ATTESTATIONS: "1" },
    });
  }
}

/** Every step copies a file of its own, so that no two images share a layer. */
function dockerfile({ steps }: Crowd, image: number): string {
  const copies = Array.from(
    { length: steps - 1 },
    (_, step) => `COPY file-${(image * steps + step) % FILES} /${image}-${step}`,
  );
  const half = Math.floor(copies.length / 2);
  return [
    "FROM scratch AS build",
    ...copies.slice(0, half),
    "FROM scratch",
    ...copies.slice(half),
    `COPY --from=build / /`,
  ].join("\n");
}

/** Files of the context; steps name their copies differently, so they need not be as many. */
const FILES = 50;

function writeProject(directory: string, { services }: Crowd): void {
  mkdirSync(path.join(directory, "context"));
  mkdirSync(path.join(directory, "docker"));
  for (let file = 0; file < FILES; file += 1) {
    writeFileSync(path.join(directory, "context", `file-${file}`), `${file}`.repeat(100));
  }
  const names = Array.from({ length: services }, (_, index) => `service-${index}`);
  const config = {
    project: "crowd",
    services: Object.fromEntries(names.map((name) => [name, { size_limit: "10MB" }])),
    // A tight budget and no minimum age: a clean-up then has much to plan.
    cleanup: { normal: { max_cache: "100kB", keep_images: 2, min_age: "0s" } },
  };
  writeFileSync(path.join(directory, "docker/build-config.json"), JSON.stringify(config));
  const targets = Object.fromEntries(
    names.map((name) => [name, { context: "context", tags: [`crowd/${name}:latest`] }]),
  );
  writeFileSync(path.join(directory, "docker-bake.json"), JSON.stringify({ target: targets }));
}
