import { describe, expect, it } from "vitest";
import type { ServiceImage } from "../../../src/model/task.ts";
import { selectImages } from "../../../src/tasks/verify-size.ts";

function anImage(name: string, builtBy?: string): ServiceImage {
  const service = { name, bakeTarget: name, composeService: name };
  return builtBy === undefined ? { service } : { service, builtBy };
}

describe("selectImages", () => {
  const names = (images: readonly ServiceImage[]) => images.map((image) => image.service.name);
  const images = [anImage("web", "images/web"), anImage("api"), anImage("ml", "images/ml")];

  it("takes the named services", () => expect(names(selectImages(["api"], images))).toEqual(["api"]));
  it("takes what is built upstream when none is named", () =>
    expect(names(selectImages([], images))).toEqual(["web", "ml"]));
  it("takes all when nothing is built upstream", () =>
    expect(names(selectImages([], [anImage("web"), anImage("api")]))).toEqual(["web", "api"]));
});
