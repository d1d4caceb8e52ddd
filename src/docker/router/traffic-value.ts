import type { Colour, Traffic } from "../../model/router.ts";

/** What marks a colour whose requests another colour may answer for it. */
const STANDBY = "_fb";

/**
 * Traffic as one word of the router's state, so that every switch is one atomic write:
 *
 * | word | traffic |
 * |---|---|
 * | `none` | nowhere |
 * | `green` | green |
 * | `green_fb` | green, the others stand by |
 * | `blue:25:green_fb` | 25 % to green (blue stands by), the rest to blue |
 */
export function formatTraffic(traffic: Traffic): string {
  switch (traffic.to) {
    case "nowhere":
      return "none";
    case "colour":
      return traffic.standby ? standbyOf(traffic.colour) : traffic.colour;
    case "canary":
      return `${traffic.rest}:${traffic.percent}:${standbyOf(traffic.colour)}`;
  }
}

/** Reads the word back; undefined for one that says nothing about these colours. */
export function parseTraffic(word: string, colours: readonly Colour[]): Traffic | undefined {
  if (word === "none") return { to: "nowhere" };
  const [first = "", percent, second] = word.split(":");
  if (percent === undefined || second === undefined) {
    const standby = first.endsWith(STANDBY);
    const colour = withoutStandby(first);
    return percent === undefined && colours.includes(colour) ? { to: "colour", colour, standby } : undefined;
  }
  const colour = withoutStandby(second);
  const known = colours.includes(first) && colours.includes(colour) && /^\d{1,3}$/.test(percent);
  return known ? { to: "canary", colour, rest: first, percent: Number(percent) } : undefined;
}

/** Name of a colour's variant in which the others stand by. */
export function standbyOf(colour: Colour): string {
  return `${colour}${STANDBY}`;
}

function withoutStandby(word: string): Colour {
  return word.endsWith(STANDBY) ? word.slice(0, -STANDBY.length) : word;
}
