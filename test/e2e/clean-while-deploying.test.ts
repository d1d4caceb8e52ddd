import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanWhileDeploying, makeGreedy } from "../rig/clean-while-deploying.ts";
import { UserProject } from "../rig/user-project.ts";

let user: UserProject;

beforeAll(async () => {
  user = await UserProject.create();
  await makeGreedy(user);
});

afterAll(async () => {
  await user.expectNothingLeft();
  await user[Symbol.asyncDispose]();
});

/** bench/clean-while-deploying.ts does a hundred. */
describe("cleaning while somebody deploys", () => {
  it("takes no image that the deploy needs, and still removes old ones", async () => {
    let removedImages = 0;
    for (let round = 1; round <= 4; round += 1) {
      const seen = await cleanWhileDeploying(user, round);
      expect(seen.trouble).toEqual([]);
      expect(seen.cleanups).toBeGreaterThan(0);
      removedImages += seen.removedImages;
    }
    expect(removedImages).toBeGreaterThan(0);
  });
});
