import { readFileSync } from "node:fs";
import path from "node:path";

const DIRECTORY = path.join(import.meta.dirname, "../../fixtures/docker");

/** The bytes of something that a real tool printed (Engine 28.5, buildx 0.29, Compose 2.40). */
export function readRecorded(name: string): Buffer {
  return readFileSync(path.join(DIRECTORY, name));
}

/** A recorded text, line by line. */
export function recordedLines(name: string): readonly string[] {
  return readRecorded(name).toString("utf8").trimEnd().split("\n");
}

/** A recorded JSON document. */
export function recordedJson(name: string): unknown {
  const value: unknown = JSON.parse(readRecorded(name).toString("utf8"));
  return value;
}
