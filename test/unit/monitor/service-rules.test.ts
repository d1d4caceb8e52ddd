import { describe, expect, it } from "vitest";
import type { Service } from "../../../src/model/build-config.ts";
import { contextTooLarge, ignoreFileMissing } from "../../../src/monitor/context-rules.ts";
import {
  grownSinceLast,
  limitMissing,
  plainImageLeft,
  sizeLimitBroken,
  sizeLimitNear,
  smallerSibling,
} from "../../../src/monitor/size-rules.ts";
import { layer, plain, web } from "./monitor-sample.ts";

const unlimited: Service = { name: "web", bakeTarget: "web", composeService: "web" };

describe("rules about a service", () => {
  it.each([
    ["at its limit", sizeLimitBroken, web(100e6), undefined],
    [
      "over its limit",
      sizeLimitBroken,
      web(104e6),
      { urgency: "limit-broken", savesBytes: 4e6, command: "docker history shop/web:latest" },
    ],
    [
      "over, with layers",
      sizeLimitBroken,
      web(104e6, { layers: [layer("a", "1", 3e6), layer("b", "2", 90e6)] }),
      { text: "104 MB is 4.00 MB over its limit of 100 MB; its largest layer is 90.0 MB, COPY node_modules /app" },
    ],
    ["without an image", sizeLimitBroken, web(undefined), undefined],
    ["well below", sizeLimitNear, web(89e6), undefined],
    ["near", sizeLimitNear, web(90e6), { urgency: "hint", text: "90.0 MB leaves 10.0 MB to its limit of 100 MB" }],
    ["over is not near", sizeLimitNear, web(101e6), undefined],
    ["no history", grownSinceLast, web(50e6), undefined],
    ["smaller", grownSinceLast, web(40e6, { previousBytes: 50e6 }), undefined],
    ["a little larger", grownSinceLast, web(54e6, { previousBytes: 50e6 }), undefined],
    [
      "grown",
      grownSinceLast,
      web(56e6, { previousBytes: 50e6 }),
      { urgency: "hint", savesBytes: 6e6, text: "grew by 12 % since the last image, 50.0 MB to 56.0 MB" },
    ],
    ["grown at the limit", grownSinceLast, web(60e6, { previousBytes: 50e6 }), { urgency: "hint" }],
    [
      "grown beyond it",
      grownSinceLast,
      web(61e6, { previousBytes: 50e6 }),
      { urgency: "limit-broken", text: "grew by 22 % since the last image, 50.0 MB to 61.0 MB, and 20 % is allowed" },
    ],
    ["with a limit", limitMissing, web(50e6), undefined],
    [
      "without a limit",
      limitMissing,
      web(50.4e6, { service: unlimited }),
      { text: 'has no `size_limit` in docker/build-config.json; its image has 50.4 MB: "76MB" would hold' },
    ],
    ["no sibling", smallerSibling, web(50e6), undefined],
    ["a larger sibling", smallerSibling, web(50e6, { siblings: [plain(900e6)] }), undefined],
    [
      "a smaller sibling",
      smallerSibling,
      web(900e6, { siblings: [plain(50e6), plain(70e6)] }),
      { savesBytes: 850e6, command: "orchestrate build --service web" },
    ],
    [
      "a plain image beside",
      plainImageLeft,
      web(50e6, { siblings: [plain(900e6, 700e6)] }),
      { savesBytes: 700e6, command: "docker image rm shop/web:plain" },
    ],
    ["of unknown gain", plainImageLeft, web(50e6, { siblings: [plain(900e6)] }), undefined],
    [
      "a small context",
      contextTooLarge,
      web(50e6, { context: { path: "web", sentBytes: 99e6, ballast: [] } }),
      undefined,
    ],
    ["an unknown context", contextTooLarge, web(50e6, { context: { path: "web", ballast: [".git"] } }), undefined],
    [
      "a huge context",
      contextTooLarge,
      web(50e6, { context: { path: "web", sentBytes: 300e6, ballast: [".git"] } }),
      {
        savesBytes: 300e6,
        text: "the last build sent 300 MB from web, more than the image of 50.0 MB; the engine keeps a copy of it; .git is in it",
      },
    ],
    [
      "an ignore file",
      ignoreFileMissing,
      web(1, { context: { path: "web", ignoreFile: ".dockerignore", ballast: [".git"] } }),
      undefined,
    ],
    ["nothing to ignore", ignoreFileMissing, web(1, { context: { path: "web", ballast: [] } }), undefined],
    [
      "no ignore file",
      ignoreFileMissing,
      web(1, { context: { path: "web", ballast: [".git", "node_modules"] } }),
      { command: "printf '%s\\n' .git node_modules >web/.dockerignore" },
    ],
  ])("%s", (_, rule, facts, expected) => {
    expect([rule(facts)]).toMatchObject([expected && { about: "web", ...expected }]);
  });
});
