import { formatByteSize } from "../model/byte-size.ts";
import { formatDuration } from "../model/duration.ts";
import type { Failure, OversizedImage } from "../model/failure.ts";
import { explainDeployFailure } from "./explain-deploy-failure.ts";
import { commandEvidence, describeExit, describePlace, readLog, runAgain, shellWord } from "./explanation.ts";
import type { Explanation, FailurePlace } from "./explanation.ts";
import { describeSize, formatPercent, plural } from "./fact-text.ts";
import { printableLine, printableOutput } from "./printable.ts";

type FailureOf<R extends Failure["reason"]> = Extract<Failure, { readonly reason: R }>;

/** Headline, evidence and next steps of any failure; a reason without an explanation does not compile. */
export function explainFailure(failure: Failure, place: FailurePlace): Explanation {
  const explanation = explain(failure, place);
  return {
    headline: printableLine(explanation.headline),
    evidence: explanation.evidence.map(printableOutput).filter((line) => line.trim() !== ""),
    nextSteps: explanation.nextSteps.filter((step) => step !== "").map(printableLine),
  };
}

function explain(failure: Failure, place: FailurePlace): Explanation {
  switch (failure.reason) {
    case "command-failed":
      return explainCommandFailed(failure, place);
    case "command-not-found":
      return explainCommandNotFound(failure, place);
    case "build-failed":
      return explainBuildFailed(failure, place);
    case "network":
      return explainNetwork(failure, place);
    case "registry":
      return explainRegistry(failure, place);
    case "no-space":
      return explainNoSpace(failure);
    case "no-room":
      return explainNoRoom(failure, place);
    case "timed-out":
      return explainTimedOut(failure, place);
    case "engine-unreachable":
      return explainEngineUnreachable(failure);
    case "engine-refused":
      return explainEngineRefused(failure, place);
    case "image-missing":
      return explainImageMissing(failure);
    case "size-limit-exceeded":
      return explainSizeLimit(failure);
    case "http-check-failed":
      return explainHttpCheck(failure, place);
    case "not-ready":
      return explainNotReady(failure, place);
    case "compose-failed":
      return explainComposeFailed(failure, place);
    case "reference-unresolved":
      return explainReference(failure, place);
    case "router-failed":
    case "release-unhealthy":
    case "smoke-failed":
    case "deploy-locked":
    case "image-unverified":
    case "colour-live":
    case "release-refused":
    case "journal-failed":
      return explainDeployFailure(failure, place);
  }
}

function explainCommandFailed(failure: FailureOf<"command-failed">, place: FailurePlace): Explanation {
  const { evidence } = failure;
  const killed = evidence.exitCode === 137 || evidence.signal === "SIGKILL";
  return {
    headline: `The command failed (${describeExit(evidence)}): ${evidence.command}`,
    evidence: commandEvidence(evidence),
    nextSteps: [
      ...(killed ? ["it was killed from outside, most often for lack of memory: `dmesg | grep -i oom`"] : []),
      readLog(place),
      runAgain(place),
    ],
  };
}

function explainCommandNotFound(failure: FailureOf<"command-not-found">, place: FailurePlace): Explanation {
  const docker = /(^|\/)docker(-buildx|-compose)?(\s|$)/.test(failure.command);
  return {
    headline: `The program does not exist or may not be executed: ${failure.command}`,
    evidence: [],
    nextSteps: docker
      ? ["see what is missing and how to get it: `orchestrate doctor`"]
      : [`install it, or correct the command of ${describePlace(place)}`],
  };
}

function explainBuildFailed(failure: FailureOf<"build-failed">, place: FailurePlace): Explanation {
  const step = failure.step === undefined ? "" : ` at ${failure.step}`;
  return {
    headline: `The build of ${failure.bakeTarget} failed${step}: ${failure.error}`,
    evidence: commandEvidence(failure.evidence),
    nextSteps: [
      failure.step === undefined
        ? `mend the Dockerfile or the bake target ${failure.bakeTarget}`
        : `mend the step ${failure.step} of the Dockerfile of ${failure.bakeTarget}`,
      readLog(place),
      runAgain(place),
    ],
  };
}

function explainNetwork(failure: FailureOf<"network">, place: FailurePlace): Explanation {
  return {
    headline: `A connection failed: ${failure.error}`,
    evidence: commandEvidence(failure.evidence),
    nextSteps: [
      "check that this machine and its containers reach the network: `orchestrate doctor`",
      `let it be tried again by itself: \`retry: { max: 2, on: [network] }\` for ${describePlace(place)}`,
      runAgain(place),
    ],
  };
}

function explainRegistry(failure: FailureOf<"registry">, place: FailurePlace): Explanation {
  return {
    headline: `The registry refused: ${failure.error}`,
    evidence: commandEvidence(failure.evidence),
    nextSteps: [registryStep(failure.error), runAgain(place)],
  };
}

function registryStep(error: string): string {
  if (/unauthorized|denied|authenti|\b40[13]\b/i.test(error)) return "log in to the registry: `docker login REGISTRY`";
  if (/toomanyrequests|too many requests|\b429\b/i.test(error)) {
    return "wait until the registry's limit is over, or log in for a higher one: `docker login REGISTRY`";
  }
  if (/not found|manifest unknown|\b404\b/i.test(error)) return "check the image's name and tag in the FROM line";
  return "check that the registry answers: `docker buildx imagetools inspect IMAGE`";
}

function explainNoSpace(failure: FailureOf<"no-space">): Explanation {
  return {
    headline: `The engine's disk is full: ${failure.error}`,
    evidence: commandEvidence(failure.evidence),
    nextSteps: [
      "see what would be freed: `orchestrate clean --aggressive --dry-run`",
      "free it: `orchestrate clean --aggressive`",
      "see what takes the space: `orchestrate monitor`",
    ],
  };
}

function explainNoRoom(failure: FailureOf<"no-room">, place: FailurePlace): Explanation {
  const { bakeTarget, neededBytes, basis, freeBytes, minFreeBytes, totalBytes, tried } = failure;
  const missing = neededBytes + minFreeBytes - freeBytes;
  return {
    headline: `Not enough room on the engine's disk to build ${bakeTarget}: ${formatByteSize(missing)} are missing`,
    evidence: [
      `needed: ${formatByteSize(neededBytes)} (${basis})`,
      `free: ${formatByteSize(freeBytes)} of ${formatByteSize(totalBytes)}, of which ${formatByteSize(minFreeBytes)} stay free`,
      ...tried,
    ],
    nextSteps: [
      "see what takes the space, and what would free it: `orchestrate usage`",
      "let a clean-up take younger things: a lower `min_age` in docker/build-config.json",
      `if it needs less, say so: \`resources: { disk: … }\` for ${describePlace(place)}`,
    ],
  };
}

function explainTimedOut(failure: FailureOf<"timed-out">, place: FailurePlace): Explanation {
  return {
    headline: `It took longer than its timeout of ${formatDuration(failure.timeoutMs)}`,
    evidence: failure.lastLines,
    nextSteps: [`raise \`timeout\` for ${describePlace(place)} if it only needs longer`, readLog(place)],
  };
}

function explainEngineUnreachable(failure: FailureOf<"engine-unreachable">): Explanation {
  return {
    headline: `The Docker Engine at ${failure.endpoint} does not answer: ${failure.error}`,
    evidence: [],
    nextSteps: ["see what is wrong and how to mend it: `orchestrate doctor`"],
  };
}

function explainEngineRefused(failure: FailureOf<"engine-refused">, place: FailurePlace): Explanation {
  return {
    headline: `The Docker Engine refused ${failure.request} (status ${failure.status}): ${failure.error}`,
    evidence: [],
    nextSteps: [
      failure.status >= 500 ? "check the engine: `orchestrate doctor`" : "mend what the engine's answer names",
      runAgain(place),
    ],
  };
}

function explainImageMissing(failure: FailureOf<"image-missing">): Explanation {
  return {
    headline: `The image of ${failure.service} does not exist on the engine: ${failure.reference}`,
    evidence: [],
    nextSteps: [`build it: \`orchestrate build --service ${shellWord(failure.service)}\``],
  };
}

function explainSizeLimit(failure: FailureOf<"size-limit-exceeded">): Explanation {
  const [first] = failure.images;
  const headline =
    failure.images.length === 1 && first !== undefined
      ? `The image of ${describeExcess(first)}`
      : `${plural(failure.images.length, "image")} exceed their size limits: ${failure.images.map((image) => image.service).join(", ")}`;
  return {
    headline,
    evidence: failure.images.map(
      (image) =>
        `${image.reference}: ${describeSize(image.sizeBytes, image.limitBytes)}, ${formatByteSize(image.sizeBytes - image.limitBytes)} over`,
    ),
    nextSteps: [
      ...failure.images.map((image) => `see which layer is large: \`docker history ${shellWord(image.reference)}\``),
      `make it smaller, or raise \`${failure.images.some(hasGrown) ? "growth_limit" : "size_limit"}\` of the service in docker/build-config.json`,
    ],
  };
}

function hasGrown(image: OversizedImage): boolean {
  return image.previousBytes !== undefined;
}

function describeExcess(image: OversizedImage): string {
  if (image.previousBytes !== undefined) {
    const growth = image.sizeBytes - image.previousBytes;
    return `${image.service} grew from ${formatByteSize(image.previousBytes)} to ${formatByteSize(image.sizeBytes)} (${formatPercent(growth, image.previousBytes)}); its growth limit allows ${formatByteSize(image.limitBytes)}`;
  }
  const excess = image.sizeBytes - image.limitBytes;
  return `${image.service} is ${formatByteSize(image.sizeBytes)}, ${formatByteSize(excess)} (${formatPercent(excess, image.limitBytes)}) over its limit of ${formatByteSize(image.limitBytes)}`;
}

function explainHttpCheck(failure: FailureOf<"http-check-failed">, place: FailurePlace): Explanation {
  return {
    headline: `${failure.url} did not answer as expected: ${failure.actual}`,
    evidence: [
      `expected ${failure.expected}`,
      `last saw ${failure.actual}`,
      `tried ${plural(failure.attempts, "time")}`,
    ],
    nextSteps: [
      `ask it yourself: \`curl -i ${shellWord(failure.url)}\``,
      "see whether what answers there runs: `docker ps`",
      runAgain(place),
    ],
  };
}

function explainNotReady(failure: FailureOf<"not-ready">, place: FailurePlace): Explanation {
  return {
    headline: `The service ${failure.service} of ${failure.project} did not become ready: ${failure.state}`,
    evidence: [`container ${failure.container}: ${failure.state}`, ...failure.lastLines],
    nextSteps: [
      `read its log: \`docker logs ${shellWord(failure.container)}\``,
      // One that exited or is unhealthy would not become ready in any time.
      ...(failure.state.startsWith("still ")
        ? [`if it only needs longer, raise \`health.timeout\` of ${describePlace(place)}`]
        : []),
      readLog(place),
    ],
  };
}

function explainComposeFailed(failure: FailureOf<"compose-failed">, place: FailurePlace): Explanation {
  const said = failure.evidence.lastLines.findLast((line) => line.trim() !== "");
  const why = said === undefined ? describeExit(failure.evidence) : said.trim();
  return {
    headline: `docker compose could not start ${failure.project}: ${why}`,
    evidence: commandEvidence(failure.evidence),
    nextSteps: [
      "check the compose files of the environment in docker/build-config.json",
      readLog(place),
      `see what runs: \`docker compose --project-name ${shellWord(failure.project)} ps --all\``,
    ],
  };
}

function explainReference(failure: FailureOf<"reference-unresolved">, place: FailurePlace): Explanation {
  return {
    headline: `${failure.reference} has no value: its task did not run, or has no such output`,
    evidence: [],
    nextSteps: [
      `correct the reference in ${describePlace(place)}; see which tasks there are: \`orchestrate graph${place.variants.map((variant) => ` ${shellWord(variant)}`).join("")}\``,
    ],
  };
}
