import { describe, expect, it } from "vitest";
import { parseLogFrames, parseStreams } from "../../../src/docker/log-frames.ts";
import { readRecorded } from "./recorded-output.ts";

describe("parseLogFrames", () => {
  it("reads both streams of a recorded log in order", () => {
    expect(parseLogFrames(readRecorded("container-log.bin"))).toEqual(["to stdout", "to stderr", "b"]);
  });

  it("takes a torn last frame as far as it goes", () => {
    const body = readRecorded("container-log.bin");
    expect(parseLogFrames(body.subarray(0, 24))).toEqual(["to stdout"]);
    expect(parseLogFrames(body.subarray(0, 30))).toEqual(["to stdout", "to s"]);
  });

  it("joins a line that two frames carry", () => {
    const frame = (text: string): Buffer => {
      const head = Buffer.from([1, 0, 0, 0, 0, 0, 0, text.length]);
      return Buffer.concat([head, Buffer.from(text)]);
    };
    expect(parseLogFrames(Buffer.concat([frame("one li"), frame("ne\nnext\n")]))).toEqual(["one line", "next"]);
  });

  it("reads the raw bytes of a container with a terminal", () => {
    expect(parseLogFrames(Buffer.from("plain\r\ntext\r\n"))).toEqual(["plain", "text"]);
    expect(parseLogFrames(Buffer.alloc(0))).toEqual([]);
  });
});

describe("parseStreams", () => {
  it("keeps both streams of a recorded answer apart", () => {
    const { stdout, stderr } = parseStreams(readRecorded("container-log.bin"));
    expect({ stdout, stderr }).toEqual({ stdout: "to stdout\na\rb\n", stderr: "to stderr\n" });
  });

  it("takes a torn last frame as far as it goes", () => {
    expect(parseStreams(readRecorded("container-log.bin").subarray(0, 30)).stderr).toBe("to s");
  });
});
