import { describe, expect, it } from "vitest";
import { createLineWriter } from "../../../src/report/line-writer.ts";

/** A disk that takes at most `step` bytes a call and is full whenever `room` is used up. */
function disk(step: number): { text: string; room: number; write: (bytes: Uint8Array, offset: number) => number } {
  const state = {
    text: "",
    room: Number.POSITIVE_INFINITY,
    write(bytes: Uint8Array, offset: number): number {
      const taken = Math.min(step, state.room, bytes.length - offset);
      if (taken === 0) throw new Error("ENOSPC");
      state.text += Buffer.from(bytes.subarray(offset, offset + taken)).toString();
      state.room -= taken;
      return taken;
    },
  };
  return state;
}

describe("createLineWriter", () => {
  it("writes whole lines although the system takes parts", () => {
    const target = disk(3);
    const append = createLineWriter(target.write);
    append("first line\n");
    append("second\n");
    expect(target.text).toBe("first line\nsecond\n");
  });

  it("begins on a line of its own after a line that a full disk tore", () => {
    const target = disk(100);
    const append = createLineWriter(target.write);
    append("one\n");
    target.room = 3;
    expect(() => append("torn line\n")).toThrow("ENOSPC");
    expect(() => append("lost\n")).toThrow("ENOSPC");
    target.room = 100;
    append("three\n");
    append("four\n");
    expect(target.text).toBe("one\ntor\nthree\nfour\n");
  });

  it("adds nothing after a line of which nothing was written", () => {
    const target = disk(100);
    const append = createLineWriter(target.write);
    target.room = 0;
    expect(() => append("lost\n")).toThrow("ENOSPC");
    target.room = 100;
    append("next\n");
    expect(target.text).toBe("next\n");
  });
});
