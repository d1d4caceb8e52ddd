import type { ReleaseRecord } from "../model/journal.ts";
import type { Colour, RouterView, Traffic } from "../model/router.ts";

/** Something that is not as the last deploy left it. */
export type DriftFinding =
  /** After a restart the router would send traffic elsewhere than now. */
  | { readonly finding: "file-differs"; readonly traffic: Traffic; readonly persisted: Traffic | undefined }
  | { readonly finding: "live-not-running"; readonly colour: Colour; readonly state: string }
  | { readonly finding: "none-running" }
  /** The router runs, and its published port does not lead to it. */
  | { readonly finding: "entrance-shut"; readonly port: number; readonly error: string }
  | { readonly finding: "unknown-colour"; readonly colour: Colour }
  /** Traffic is settled, but the other colour would still answer in its place. */
  | { readonly finding: "standby-left"; readonly colour: Colour }
  | { readonly finding: "canary-left"; readonly colour: Colour; readonly rest: Colour; readonly percent: number };

/** What drift is found in. */
export interface DriftInput {
  readonly open?: ReleaseRecord;
  readonly view?: RouterView;
  readonly colours: readonly { readonly colour: Colour; readonly state: string }[];
  readonly known: readonly Colour[];
}

/** Everything that is not as it should be; what an open deploy explains is none. Nothing without a router. */
export function findDrift({ open, view, colours, known }: DriftInput): readonly DriftFinding[] {
  if (view === undefined) return [];
  const { traffic, persisted } = view;
  const findings: DriftFinding[] = [];
  if (persisted === undefined || !isSameTraffic(traffic, persisted)) {
    findings.push({ finding: "file-differs", traffic, persisted });
  }
  for (const colour of receiversOf(traffic)) {
    const state = colours.find((each) => each.colour === colour)?.state ?? "absent";
    if (!known.includes(colour)) findings.push({ finding: "unknown-colour", colour });
    else if (state !== "ready" && state !== "starting") findings.push({ finding: "live-not-running", colour, state });
  }
  const wanted = traffic.to !== "nowhere" || colours.some(({ state }) => state !== "absent");
  if (wanted && colours.every(({ state }) => state === "stopped" || state === "absent")) {
    findings.push({ finding: "none-running" });
  }
  if (open !== undefined) return findings;
  if (traffic.to === "colour" && traffic.standby) findings.push({ finding: "standby-left", colour: traffic.colour });
  if (traffic.to === "canary") {
    const { colour, rest, percent } = traffic;
    findings.push({ finding: "canary-left", colour, rest, percent });
  }
  return findings;
}

/** One sentence for people. */
export function describeDrift(finding: DriftFinding): string {
  switch (finding.finding) {
    case "file-differs":
      return finding.persisted === undefined
        ? "the router's file is missing or cannot be read: after a restart it would send traffic nowhere"
        : `the router sends traffic to ${describeTraffic(finding.traffic)}, but after a restart it would to ${describeTraffic(finding.persisted)}`;
    case "live-not-running":
      return `${finding.colour} gets the traffic, but its containers are ${finding.state}`;
    case "none-running":
      return "no colour runs";
    case "entrance-shut":
      return `the router runs, but port ${finding.port} of its host does not lead to it (${finding.error}); \`orchestrate router up\` restarts it`;
    case "unknown-colour":
      return `traffic goes to \`${finding.colour}\`, which docker/build-config.json does not know`;
    case "standby-left":
      return `the other colour still stands by for ${finding.colour}, although no deploy is under way here`;
    case "canary-left":
      return `${finding.percent} % of the traffic go to ${finding.colour} and the rest to ${finding.rest}, although no deploy is under way here`;
  }
}

/** Where traffic goes, for people. */
export function describeTraffic(traffic: Traffic): string {
  switch (traffic.to) {
    case "nowhere":
      return "nowhere";
    case "colour":
      return traffic.standby ? `${traffic.colour} with a standby` : traffic.colour;
    case "canary":
      return `${traffic.rest} with ${traffic.percent} % to ${traffic.colour}`;
  }
}

function receiversOf(traffic: Traffic): readonly Colour[] {
  if (traffic.to === "nowhere") return [];
  return traffic.to === "colour" ? [traffic.colour] : [traffic.colour, traffic.rest];
}

function isSameTraffic(one: Traffic, other: Traffic): boolean {
  return describeTraffic(one) === describeTraffic(other);
}
