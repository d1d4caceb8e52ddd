import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Failure } from "../../../src/model/failure.ts";
import { explainFailure } from "../../../src/report/explain-failure.ts";
import { arbitraryFailure } from "../../rig/arbitrary-events.ts";

const PLACE = {
  task: "images/backend",
  logFile: "logs/docker/r1/images.backend.log",
  variants: ["deploy-blue"],
  source: "pipelines/deploy.yaml:12",
};
const EVIDENCE = { command: "docker buildx bake backend", exitCode: 1, lastLines: ["npm error one", "npm error two"] };

/** Every reason with what must stand in its headline, evidence and next steps. */
const CASES: { readonly [R in Failure["reason"]]: readonly [Extract<Failure, { reason: R }>, RegExp, RegExp, RegExp] } =
  {
    "command-failed": [
      { reason: "command-failed", evidence: EVIDENCE },
      /^The command failed \(exit code 1\): docker buildx bake backend$/,
      /^\$ docker buildx bake backend\nnpm error one\nnpm error two\n\(exit code 1\)$/,
      /`less logs\/docker\/r1\/images\.backend\.log`\n.*`orchestrate run deploy-blue --only images\/backend`/,
    ],
    "command-not-found": [
      { reason: "command-not-found", command: "./notify.sh" },
      /does not exist or may not be executed: \.\/notify\.sh$/,
      /^$/,
      /install it, or correct the command of task images\/backend in pipelines\/deploy\.yaml:12/,
    ],
    "build-failed": [
      {
        reason: "build-failed",
        bakeTarget: "backend",
        step: "[build 3/5] RUN npm ci",
        error: "exit code: 1",
        evidence: EVIDENCE,
      },
      /^The build of backend failed at \[build 3\/5\] RUN npm ci: exit code: 1$/,
      /npm error two/,
      /mend the step \[build 3\/5\] RUN npm ci of the Dockerfile of backend\n.*`less logs/,
    ],
    network: [
      { reason: "network", error: "connect ECONNREFUSED", evidence: EVIDENCE },
      /^A connection failed: connect ECONNREFUSED$/,
      /npm error two/,
      /`orchestrate doctor`\n.*retry: \{ max: 2, on: \[network\] \}/,
    ],
    registry: [
      { reason: "registry", error: "pull access denied", evidence: EVIDENCE },
      /^The registry refused: pull access denied$/,
      /npm error two/,
      /`docker login REGISTRY`/,
    ],
    "no-space": [
      { reason: "no-space", error: "no space left on device", evidence: EVIDENCE },
      /^The engine's disk is full: no space left on device$/,
      /npm error two/,
      /`orchestrate clean --aggressive`/,
    ],
    "no-room": [
      {
        reason: "no-room",
        bakeTarget: "web",
        neededBytes: 2_400_000_000,
        basis: "measured when it was last built",
        freeBytes: 1_100_000_000,
        minFreeBytes: 200_000_000,
        totalBytes: 3_000_000_000,
        tried: ["the aggressive clean-up freed 0 B"],
      },
      /^Not enough room on the engine's disk to build web: 1\.50 GB are missing$/,
      /^needed: 2\.40 GB \(measured when it was last built\)$/m,
      /`resources: \{ disk: … \}` for task/,
    ],
    "timed-out": [
      { reason: "timed-out", timeoutMs: 1_800_000, lastLines: ["still linking"] },
      /^It took longer than its timeout of 30m 00s$/,
      /^still linking$/,
      /raise `timeout` for task images\/backend in pipelines\/deploy\.yaml:12/,
    ],
    "engine-unreachable": [
      { reason: "engine-unreachable", endpoint: "unix:///var/run/docker.sock", error: "connect ENOENT" },
      /^The Docker Engine at unix:\/\/\/var\/run\/docker\.sock does not answer: connect ENOENT$/,
      /^$/,
      /`orchestrate doctor`/,
    ],
    "engine-refused": [
      { reason: "engine-refused", request: "DELETE /images/x", status: 409, error: "image is being used" },
      /^The Docker Engine refused DELETE \/images\/x \(status 409\): image is being used$/,
      /^$/,
      /mend what the engine's answer names/,
    ],
    "image-missing": [
      { reason: "image-missing", service: "backend", reference: "shop/backend:latest" },
      /^The image of backend does not exist on the engine: shop\/backend:latest$/,
      /^$/,
      /`orchestrate build --service backend`/,
    ],
    "size-limit-exceeded": [
      {
        reason: "size-limit-exceeded",
        images: [{ service: "backend", reference: "shop/backend:latest", sizeBytes: 810e6, limitBytes: 750e6 }],
      },
      /^The image of backend is 810 MB, 60\.0 MB \(8 %\) over its limit of 750 MB$/,
      /^shop\/backend:latest: 810 MB of 750 MB \(108 %\), 60.0 MB over$/,
      /`docker history shop\/backend:latest`\n.*raise `size_limit` of the service in docker\/build-config\.json/,
    ],
    "http-check-failed": [
      {
        reason: "http-check-failed",
        url: "http://127.0.0.1:8081/",
        expected: "status 200",
        actual: "status 502",
        attempts: 1,
      },
      /^http:\/\/127\.0\.0\.1:8081\/ did not answer as expected: status 502$/,
      /^expected status 200\nlast saw status 502\ntried 1 time$/,
      /`curl -i http:\/\/127\.0\.0\.1:8081\/`/,
    ],
    "not-ready": [
      {
        reason: "not-ready",
        project: "shop-blue",
        service: "backend",
        container: "shop-blue-backend-1",
        state: "exited with code 1",
        lastLines: ["P1001: no database"],
      },
      /^The service backend of shop-blue did not become ready: exited with code 1$/,
      /^container shop-blue-backend-1: exited with code 1\nP1001: no database$/,
      /`docker logs shop-blue-backend-1`/,
    ],
    "compose-failed": [
      { reason: "compose-failed", project: "shop-blue", evidence: { ...EVIDENCE, command: "docker compose up" } },
      /^docker compose could not start shop-blue: npm error two$/,
      /^\$ docker compose up\n/,
      /docker\/build-config\.json\n.*\n.*`docker compose --project-name shop-blue ps --all`/,
    ],
    "reference-unresolved": [
      { reason: "reference-unresolved", reference: "${tasks.images/x.image_id}" },
      /^\$\{tasks\.images\/x\.image_id\} has no value/,
      /^$/,
      /`orchestrate graph deploy-blue`/,
    ],
    "router-failed": [
      { reason: "router-failed", call: "set map app green", error: "Unknown map identifier" },
      /^The router refused `set map app green`: Unknown map identifier$/,
      /^$/,
      /`orchestrate router status`/,
    ],
    "release-unhealthy": [
      { reason: "release-unhealthy", colour: "green", breach: "21 of 100 requests failed", lastLines: ["boom"] },
      /^The release in green broke its limits under traffic, so traffic went back: 21 of 100 requests failed$/,
      /^boom$/,
      /`orchestrate status`\n.*`less logs[^]*deploy\.observe/,
    ],
    "smoke-failed": [
      { reason: "smoke-failed", colour: "green", request: "GET /", expected: "status 200", actual: "status 500" },
      /^The smoke test of green failed before any user saw the release: status 500$/,
      /^request GET \/\nexpected status 200\nsaw status 500$/,
      /deploy\.smoke/,
    ],
    "deploy-locked": [
      { reason: "deploy-locked", project: "shop", holder: "ann@host, process 12", sinceMs: 0 },
      /^shop is being deployed by ann@host, process 12$/,
      /^since 1970-01-01T00:00:00\.000Z$/,
      /`orchestrate unlock`/,
    ],
    "journal-failed": [
      { reason: "journal-failed", error: "disk I/O error" },
      /^The journal of deploys refused a call, so the deploy went no further: disk I\/O error$/,
      /^$/,
      /ORCHESTRATE_STATE_DIR[^]*`orchestrate status`/,
    ],
    "release-refused": [
      { reason: "release-refused", what: "switch to blue", because: "blue has no containers" },
      /^Refused to switch to blue: blue has no containers$/,
      /^$/,
      /`orchestrate status`/,
    ],
    "colour-live": [
      { reason: "colour-live", project: "shop", colour: "blue", idle: ["green"] },
      /^blue is live in shop: replacing it in place would interrupt its users$/,
      /^$/,
      /`orchestrate run deploy`\nor name it: `orchestrate deploy green`/,
    ],
    "image-unverified": [
      { reason: "image-unverified", service: "web", imageId: "sha256:abc" },
      /^The image of web has not passed a verify task: sha256:abc$/,
      /^$/,
      /`orchestrate verify`[^]*--allow-unverified`, or `allow_unverified: true` in task images\/backend/,
    ],
  };

describe("explainFailure", () => {
  for (const [reason, [failure, headline, evidence, nextSteps]] of Object.entries(CASES)) {
    it("explains an image that grew more than it may", () => {
      const image = {
        service: "ml",
        reference: "shop/ml:latest",
        sizeBytes: 900e6,
        limitBytes: 825e6,
        previousBytes: 750e6,
      };
      const explanation = explainFailure({ reason: "size-limit-exceeded", images: [image] }, PLACE);
      expect(explanation.headline).toBe(
        "The image of ml grew from 750 MB to 900 MB (20 %); its growth limit allows 825 MB",
      );
      expect(explanation.nextSteps.at(-1)).toContain("raise `growth_limit`");
    });

    it(`tells what happened, the evidence and the next step of ${reason}`, () => {
      const explanation = explainFailure(failure, PLACE);
      expect(explanation.headline).toMatch(headline);
      expect(explanation.evidence.join("\n")).toMatch(evidence);
      expect(explanation.nextSteps.join("\n")).toMatch(nextSteps);
    });
  }

  it("always has a headline and a next step, never a stack trace, `undefined` or a control character", () => {
    fc.assert(
      fc.property(arbitraryFailure, fc.boolean(), (failure, known) => {
        const explanation = explainFailure(failure, known ? PLACE : { task: "t", logFile: "l", variants: [] });
        expect(explanation.headline.length).toBeGreaterThan(10);
        expect(explanation.nextSteps.length).toBeGreaterThan(0);
        const all = [explanation.headline, ...explanation.evidence, ...explanation.nextSteps];
        for (const line of all) {
          // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
          expect(line).not.toMatch(/[\u0000-\u0008\u000A-\u001F]|\bundefined\b|\bNaN\b|\[object|^ +at /);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("names how a process ended without an exit code, and the likely reason of a SIGKILL", () => {
    const evidence = { command: "x", lastLines: [] };
    expect(explainFailure({ reason: "command-failed", evidence }, PLACE).headline).toContain(
      "ended without an exit code",
    );
    const killed = explainFailure({ reason: "command-failed", evidence: { ...evidence, signal: "SIGKILL" } }, PLACE);
    expect(killed.headline).toContain("ended by SIGKILL");
    expect(killed.nextSteps[0]).toMatch(/lack of memory/);
    expect(
      explainFailure({ reason: "command-failed", evidence: { ...evidence, exitCode: 137 } }, PLACE).nextSteps[0],
    ).toMatch(/lack of memory/);
  });

  it("gives the registry's answer the step that fits", () => {
    const step = (error: string): string | undefined =>
      explainFailure({ reason: "registry", error, evidence: EVIDENCE }, PLACE).nextSteps[0];
    expect(step("toomanyrequests: You have reached your pull rate limit")).toMatch(/^wait/);
    expect(step("manifest unknown")).toMatch(/name and tag/);
    expect(step("received unexpected HTTP status: 500")).toMatch(/imagetools inspect/);
  });

  it("counts several oversized images and quotes what a shell would split", () => {
    const image = { service: "a b", reference: "x y", sizeBytes: 2e6, limitBytes: 1e6 };
    const explanation = explainFailure({ reason: "size-limit-exceeded", images: [image, image] }, PLACE);
    expect(explanation.headline).toBe("2 images exceed their size limits: a b, a b");
    expect(explanation.nextSteps[0]).toContain("`docker history 'x y'`");
  });
});
