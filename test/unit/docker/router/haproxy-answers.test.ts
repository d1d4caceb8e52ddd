import { describe, expect, it } from "vitest";
import {
  countTraffic,
  firstWords,
  parseMapFile,
  parseMapValue,
  parseServersState,
  parseStat,
} from "../../../../src/docker/router/haproxy-answers.ts";
import { resolveTargets } from "../../../../src/docker/router/routed-targets.ts";
import { readRecorded } from "../recorded-output.ts";
import { SAMPLE } from "./sample.ts";

const { targets } = resolveTargets(SAMPLE);
const STATE = readRecorded("haproxy-servers-state.txt").toString("utf8");
const STAT = readRecorded("haproxy-stat.csv").toString("utf8");

describe("parseMapValue", () => {
  it("finds the key behind the silence of a change that worked", () => {
    expect(parseMapValue("\n0x55d7b9cbba60 app blue:25:blue_fb\n\n", "app")).toBe("blue:25:blue_fb");
  });

  it.each(["entry not found.\n\n", "Unknown map identifier. Please use #<id> or <file>.\n\n", "\n"])(
    "finds nothing in %j, which HAProxy answers without an error code",
    (answer) => expect(parseMapValue(answer, "app")).toBeUndefined(),
  );

  it("reads the file in its own form", () => {
    expect(parseMapFile("# a\napp green_fb\n", "app")).toBe("green_fb");
    expect(parseMapFile("", "app")).toBeUndefined();
  });

  it("quotes the words of an error", () => {
    expect(firstWords("\nNo such backend.\n\n")).toBe("No such backend.");
    expect(firstWords("\n")).toBe("no answer");
  });
});

describe("parseServersState", () => {
  it("knows each service in each colour, those without an address too", () => {
    expect(parseServersState(STATE, targets, SAMPLE.colours)).toEqual([
      { service: "api", colour: "blue", state: "up", instances: [{ address: "172.30.0.3:8080", state: "up" }] },
      { service: "api", colour: "green", state: "unresolved", instances: [] },
      { service: "web", colour: "blue", state: "up", instances: [{ address: "172.30.0.2:8080", state: "up" }] },
      { service: "web", colour: "green", state: "unresolved", instances: [] },
    ]);
  });

  it("tells a server that its checks say is down, and one in maintenance", () => {
    const row = "14 be_web.blue 1 blue.1 172.30.0.2 2 0 1 1 3 6 3 3 6 0 0 0 web-blue 8080";
    const down = STATE.replace(row, row.replace("172.30.0.2 2 0", "172.30.0.2 0 0"));
    const held = STATE.replace(row, row.replace("172.30.0.2 2 0", "172.30.0.2 2 1"));
    for (const state of [down, held]) {
      expect(parseServersState(state, targets, SAMPLE.colours)[2]).toEqual({
        service: "web",
        colour: "blue",
        state: "down",
        instances: [{ address: "172.30.0.2:8080", state: "down" }],
      });
    }
  });
});

describe("a service of several containers", () => {
  const row = STATE.split("\n").find((line) => line.includes(" be_web.blue 1 blue.1 ")) ?? "";
  const several = `${STATE}\n${row.replace("1 blue.1 172.30.0.2 2", "2 blue.2 172.30.0.11 2")}\n${row.replace("1 blue.1 172.30.0.2 2", "8 blue.8 172.30.0.4 0")}\n`;

  it("is up with each of them told by itself", () => {
    expect(parseServersState(several, targets, SAMPLE.colours)[2]).toEqual({
      service: "web",
      colour: "blue",
      state: "up",
      instances: [
        { address: "172.30.0.2:8080", state: "up" },
        { address: "172.30.0.4:8080", state: "down" },
        { address: "172.30.0.11:8080", state: "up" },
      ],
    });
  });

  it("is counted with what all of them have under way, and by colour where one name begins another", () => {
    const own = parseStat(STAT).find((each) => each["pxname"] === "be_web.blue" && each["svname"] === "blue.1") ?? {};
    const more = ["blue.1", "blue.2", "blue.7", "blue-2.1"].map((svname) =>
      Object.assign({}, own, { svname, scur: "2", wretr: "1" }),
    );
    expect(countTraffic(more, "blue", targets)).toMatchObject({ openRequests: 6, retried: 3 });
  });
});

describe("countTraffic", () => {
  const rows = parseStat(STAT);

  it("adds up the services of a colour in all its backends", () => {
    // 47 + 10 to web, 2 to api; 8 of web's answers were 500.
    expect(countTraffic(rows, "blue", targets)).toMatchObject({ requests: 59, failed: 8, retried: 0, openRequests: 0 });
  });

  it("counts what the router answers itself for a colour that is missing", () => {
    expect(countTraffic(rows, "green", targets)).toMatchObject({ requests: 1, failed: 1 });
  });

  it("counts requests that a colour serves as a standby, and websockets apart", () => {
    const busy = rows.map((row) => {
      const at = `${row["pxname"]}/${row["svname"]}`;
      if (at === "be_web.blue_fb/green.1" || at === "ws_web.green/BACKEND") return { ...row, scur: "3" };
      if (at === "ws_web.green/green.1") return { ...row, scur: "3" };
      return row;
    });
    expect(countTraffic(busy, "green", targets)).toMatchObject({ openRequests: 3, openWebsockets: 3 });
    expect(countTraffic(busy, "blue", targets)).toMatchObject({ openRequests: 0, openWebsockets: 0 });
  });

  it("counts apart what a second try covered: users saw the last attempt only", () => {
    const covered = rows.map((row) =>
      row["pxname"] === "be_web.blue_fb" && row["svname"] === "blue.1" ? { ...row, wretr: "2", wredis: "1" } : row,
    );
    expect(countTraffic(covered, "blue", targets)).toMatchObject({ failed: 8, retried: 3 });
  });

  it("counts answers that broke off, whatever code they began with, and websockets that could not be opened", () => {
    const broken = rows.map((row) => {
      const at = `${row["pxname"]}/${row["svname"]}`;
      if (at === "be_web.blue/BACKEND") return { ...row, srv_abrt: "4" };
      return at === "ws_web.blue/BACKEND" ? { ...row, stot: "6", hrsp_5xx: "2", srv_abrt: "3" } : row;
    });
    expect(countTraffic(broken, "blue", targets)).toMatchObject({ requests: 61, failed: 14 });
  });

  it("tells how long answers took, backend by backend: waiting, connecting, answering", () => {
    const slow = rows.map((row) =>
      `${row["pxname"]}/${row["svname"]}` === "be_web.blue_fb/blue.1"
        ? Object.assign({}, row, { stot: "10", qtime: "1", ctime: "2", rtime: "97" })
        : row,
    );
    const { answerTimes } = countTraffic(slow, "blue", targets);
    expect(answerTimes.find(({ backend }) => backend === "be_web.blue_fb/blue.1")).toMatchObject({
      answers: 10,
      meanMs: 100,
      slidesOver: 512,
    });
    expect(answerTimes.map(({ backend }) => backend)).not.toContain("be_web.green_fb/blue");
    expect(countTraffic([], "blue", targets).answerTimes).toEqual([]);
  });
});
