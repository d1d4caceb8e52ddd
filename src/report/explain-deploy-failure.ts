import type { Failure } from "../model/failure.ts";
import { readLog, shellWord } from "./explanation.ts";
import type { Explanation, FailurePlace } from "./explanation.ts";

type FailureOf<R extends Failure["reason"]> = Extract<Failure, { readonly reason: R }>;

/** The failures that only a deploy through a router can have. */
export type DeployFailure = FailureOf<
  | "router-failed"
  | "release-unhealthy"
  | "smoke-failed"
  | "deploy-locked"
  | "image-unverified"
  | "colour-live"
  | "release-refused"
  | "journal-failed"
>;

/** Headline, evidence and next steps of a failed deploy; always says where the traffic is. */
export function explainDeployFailure(failure: DeployFailure, place: FailurePlace): Explanation {
  switch (failure.reason) {
    case "router-failed":
      return {
        headline: `The router refused \`${failure.call}\`: ${failure.error}`,
        evidence: [],
        nextSteps: ["see whether it runs and where it sends traffic: `orchestrate router status`", readLog(place)],
      };
    case "release-unhealthy":
      return {
        headline: `The release in ${failure.colour} broke its limits under traffic, so traffic went back: ${failure.breach}`,
        evidence: failure.lastLines,
        nextSteps: [
          "see what is live now: `orchestrate status`",
          readLog(place),
          "if the release is right and the limit is not, change `deploy.observe` in docker/build-config.json",
        ],
      };
    case "smoke-failed":
      return {
        headline: `The smoke test of ${failure.colour} failed before any user saw the release: ${failure.actual}`,
        evidence: [`request ${failure.request}`, `expected ${failure.expected}`, `saw ${failure.actual}`],
        nextSteps: ["mend the release, or the check in `deploy.smoke` of docker/build-config.json", readLog(place)],
      };
    case "deploy-locked":
      return {
        headline: `${failure.project} is being deployed by ${failure.holder}`,
        evidence: [`since ${new Date(failure.sinceMs).toISOString()}`],
        nextSteps: ["wait for it to end, then run this again", "if nobody deploys any more: `orchestrate unlock`"],
      };
    case "release-refused":
      return {
        headline: `Refused to ${failure.what}: ${failure.because}`,
        evidence: [],
        nextSteps: ["see what is live and what is kept: `orchestrate status`", readLog(place)],
      };
    case "colour-live":
      return {
        headline: `${failure.colour} is live in ${failure.project}: replacing it in place would interrupt its users`,
        evidence: [],
        nextSteps: [
          "deploy to the idle colour, whichever it is: `orchestrate run deploy`",
          ...failure.idle.map((colour) => `or name it: \`orchestrate deploy ${shellWord(colour)}\``),
        ],
      };
    case "image-unverified":
      return explainUnverified(failure, place);
    case "journal-failed":
      return {
        headline: `The journal of deploys refused a call, so the deploy went no further: ${failure.error}`,
        evidence: [],
        nextSteps: [
          "see that its disk has room and is writable: `orchestrate doctor`; ORCHESTRATE_STATE_DIR names another place",
          "see where the traffic is: `orchestrate status`",
          readLog(place),
        ],
      };
  }
}

function explainUnverified(
  failure: Extract<DeployFailure, { readonly reason: "image-unverified" }>,
  place: FailurePlace,
): Explanation {
  return {
    headline: `The image of ${failure.service} has not passed a verify task: ${failure.imageId}`,
    evidence: [],
    nextSteps: [
      "check it: `orchestrate verify`, or put a verify task before the deploy task",
      `deploy it all the same, which the release records: \`orchestrate deploy ENVIRONMENT --allow-unverified\`${place.task === "" ? "" : `, or \`allow_unverified: true\` in task ${shellWord(place.task)}`}`,
    ],
  };
}
