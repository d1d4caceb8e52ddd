import { describe, expect, it } from "vitest";
import { formatTraffic, parseTraffic } from "../../../../src/docker/router/traffic-value.ts";
import type { Traffic } from "../../../../src/model/router.ts";

const COLOURS = ["blue", "green"];

describe("the word of the router's state", () => {
  it.each<[string, Traffic]>([
    ["none", { to: "nowhere" }],
    ["green", { to: "colour", colour: "green", standby: false }],
    ["green_fb", { to: "colour", colour: "green", standby: true }],
    ["blue:25:green_fb", { to: "canary", colour: "green", rest: "blue", percent: 25 }],
  ])("is %s for its traffic, and back", (word, traffic) => {
    expect(formatTraffic(traffic)).toBe(word);
    expect(parseTraffic(word, COLOURS)).toEqual(traffic);
  });

  it.each(["", "purple", "purple_fb", "blue:25", "blue:x:green_fb", "red:25:green_fb", "blue:25:red_fb"])(
    "is not %j",
    (word) => expect(parseTraffic(word, COLOURS)).toBeUndefined(),
  );
});
