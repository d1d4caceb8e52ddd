import { describe, expect, it } from "vitest";
import { planCleanup } from "../../../src/plan/cleanup.ts";
import { describeTask } from "../../../src/plan/describe-task.ts";
import type { BuildConfig } from "../../../src/model/build-config.ts";
import type { CleanupPlan } from "../../../src/model/cleanup.ts";
import type { EngineObservation } from "../../../src/model/observation.ts";
import type { Template } from "../../../src/model/template.ts";
import {
  BLUE,
  SHOP_SERVICES,
  build,
  buildConfig,
  clean,
  compiled,
  deploy,
  pipeline,
  probe,
  service,
  sizes,
} from "../graph/sample.ts";
import type { SampleTask } from "../graph/sample.ts";
import { HOUR_MS, POLICY, SCOPE, anImage, anObservation } from "./cleanup-rig.ts";

const CONFIG = buildConfig(SHOP_SERVICES);
const EMPTY_ENGINE: EngineObservation = { nowMs: 0, images: [], containers: [], cache: [] };

/** Describes the last node of a pipeline in blue. */
function describeLast(
  tasks: Readonly<Record<string, SampleTask>>,
  options: {
    readonly config?: BuildConfig;
    readonly observation?: EngineObservation;
    readonly cleanup?: CleanupPlan;
  } = {},
): readonly string[] {
  const { config = CONFIG, ...rest } = options;
  const graph = compiled([pipeline("p", tasks, { environment: BLUE })], config);
  const task = graph.tasks.get(graph.order.at(-1) ?? "");
  if (task === undefined) throw new Error("the graph is empty");
  return describeTask(task, { buildConfig: config, ...rest });
}

describe("a clean task", () => {
  it("names the numbers of its policy", () => {
    expect(describeLast({ c: { work: clean("aggressive") } })).toEqual([
      "aggressive clean-up: keep at most 2.00 GB of build cache and the newest image of each service",
    ]);
  });

  it("lets the task override them", () => {
    const work = {
      kind: "clean",
      clean: { policy: "normal", maxCacheBytes: 5e9, keepImagesPerService: 3, minAgeMs: 3_600_000 },
    } as const;
    expect(describeLast({ c: { work } })).toEqual([
      "normal clean-up: keep at most 5.00 GB of build cache and the newest 3 images of each service",
      "keep everything younger than 1h 00m",
    ]);
  });

  it("names the bounds of images and of free space where there are any", () => {
    const minFree = { low: { bytes: 10e9 }, high: { share: 0.125 } };
    const work = { kind: "clean", clean: { policy: "normal", maxImagesBytes: 30e9, minFree } } as const;
    expect(describeLast({ c: { work } }).slice(1)).toEqual([
      "keep at most 30.0 GB of images",
      "begin with less than 10.0 GB free, and go on until 12.5 % of the disk",
    ]);
  });

  it("lists twenty removals and counts the rest", () => {
    const images = Array.from({ length: 30 }, (_, index) => anImage(String(index), { ageMs: (100 + index) * HOUR_MS }));
    const policy = { ...POLICY, keepImagesPerService: 1 };
    const cleanup = planCleanup(anObservation({ images }), policy, SCOPE);
    const lines = describeLast({ c: { work: clean() } }, { cleanup });
    expect(lines.length).toBe(23);
    expect(lines.slice(-2)).toEqual(["remove 9 more (frees 9.00 kB)", "frees 29.0 kB by the engine's accounting"]);
  });
});

describe("a build node", () => {
  it("is the call of bake with the tags it sets", () => {
    expect(describeLast({ i: { work: build(["frontend"]) } })).toEqual([
      "docker buildx bake frontend",
      "tag shop/frontend:latest",
    ]);
  });

  it("names everything that changes the build, and no value of it", () => {
    const work = build(["frontend"], {
      files: ["docker-bake.hcl", "more.hcl"],
      builder: "fast",
      noCache: true,
      pull: true,
      allow: ["network.host"],
      network: "host",
      variables: { TAG: "hush-1" },
      args: { TOKEN: "hush-2", MODE: "hush-3" },
      contexts: { extra: "../extra" },
      secrets: [
        { id: "npmrc", source: { from: "file", path: ".npmrc" } },
        { id: "token", source: { from: "environment", name: "NPM_TOKEN" } },
      ],
      cacheFrom: ["type=local,src=cache"],
    });
    const lines = describeLast({ i: { work } });
    expect(lines).toEqual([
      "docker buildx bake --file docker-bake.hcl --file more.hcl --builder fast --no-cache --pull --allow network.host frontend",
      "tag shop/frontend:latest",
      "with bake variable TAG; build arguments TOKEN, MODE; named context extra; secrets npmrc from .npmrc, token from $NPM_TOKEN; cache source type=local,src=cache",
      "RUN steps use the network host",
    ]);
    expect(lines.join("\n")).not.toContain("hush");
  });

  it("says of a linked bake target that it gives no image", () => {
    expect(describeLast({ i: { work: build(["base"]) } })).toEqual([
      "docker buildx bake base",
      "no image of its own: other bake targets build upon it",
    ]);
  });
});

describe("a verify task", () => {
  it("names each size with its limit and where the image comes from", () => {
    const config = buildConfig([...SHOP_SERVICES.slice(0, 2), { name: "ml", bakeTarget: "ml", composeService: "ml" }]);
    const tasks = { i: { work: build(["frontend"]) }, check: { needs: ["i"], work: sizes("frontend", "ml") } };
    expect(describeLast(tasks, { config })).toEqual([
      "size of frontend is at most 58.0 MB (the image of i/frontend)",
      "size of ml has no limit (shop/ml:latest)",
    ]);
  });

  it("takes the check's own limit before that of the service", () => {
    const work = { kind: "verify", checks: [{ check: "size", services: ["ml"], limitBytes: 1_500_000_000 }] } as const;
    expect(describeLast({ check: { work } })).toEqual(["size of ml is at most 1.50 GB (shop/ml:latest)"]);
  });

  it("notices an image that is not on the engine", () => {
    const lines = describeLast({ check: { work: sizes("ml") } }, { observation: EMPTY_ENGINE });
    expect(lines).toEqual(["size of ml is at most 58.0 MB (shop/ml:latest, which is not on this engine)"]);
  });

  it("names the request and what answer it waits for", () => {
    expect(describeLast({ v: { work: probe("http://127.0.0.1:8081/") } })).toEqual([
      "GET http://127.0.0.1:8081/ answers 200 within 30.0s",
    ]);
  });
});

describe("a deploy task", () => {
  it("names the compose project, its files, the images and when it is up", () => {
    const config = { ...buildConfig([service("ml")]), sharedCompose: ["docker/compose.shared.yaml"] };
    expect(describeLast({ i: { work: build(["ml"]) }, r: { needs: ["i"], work: deploy() } }, { config })).toEqual([
      "shared services of docker/compose.shared.yaml are started first",
      "compose project shop-blue of docker/compose.blue.yaml",
      "ml: the image of i/ml",
      "up when every container is healthy within 1m 00s",
      "answers on port 8081",
    ]);
  });
});

describe("a run task", () => {
  const location = { file: "p", line: 1, column: 1 };
  const status: Template = { parts: [{ namespace: "run", member: "status", location }] };

  it("is the command, with late values in their written form and the names of variables only", () => {
    const work = {
      kind: "run",
      run: {
        command: { form: "arguments", arguments: [{ parts: ["./notify.sh"] }, status, { parts: ["two words"] }] },
        environment: { TOKEN: { parts: ["hush"] } },
        workingDirectory: "scripts",
      },
    } as const;
    expect(describeLast({ r: { work } })).toEqual([
      "./notify.sh ${run.status} 'two words'",
      "in scripts",
      "with environment variable TOKEN",
    ]);
  });

  it("is `sh -c` for the string form", () => {
    const work = {
      kind: "run",
      run: { command: { form: "shell", script: "echo it's" }, environment: {}, workingDirectory: "." },
    } as const;
    expect(describeLast({ r: { work } })).toEqual([String.raw`sh -c 'echo it'\''s'`]);
  });
});
