import { describe, expect, it } from "vitest";
import { suggest } from "../../../src/model/suggestion.ts";

describe("suggest", () => {
  it.each([
    ["timeuot", "timeout"],
    ["continueOnError", "continue_on_error"],
    ["continue-on-error", "continue_on_error"],
    ["need", "needs"],
    ["Needs", "needs"],
    ["blid", undefined],
    ["biuld", "build"],
    ["x", undefined],
    ["services", undefined],
    ["", undefined],
  ])("%s -> %s", (word, expected) => {
    expect(suggest(word, ["timeout", "continue_on_error", "needs", "build", "retry", "run"])).toBe(expected);
  });

  it("prefers the nearest, then the first", () => {
    expect(suggest("imag", ["imago", "image", "imag_"])).toBe("imago");
    expect(suggest("images", ["imagesss", "image"])).toBe("image");
  });
});
