import { setup } from "../test/rig/fresh-bundle.ts";

/**
 * Builds and deploys a release again and again while another process cleans as greedily as it can. Prints a table.
 *
 *     node bench/clean-while-deploying.ts [--rounds 100]
 *
 * Exit code 1 when a deploy or a clean-up failed, or an image was missing.
 */
const place = process.argv.indexOf("--rounds");
const rounds = place === -1 ? 100 : Number(process.argv[place + 1] ?? 100);

const removeBundle = setup();
// Loaded now, because they read where the bundle is.
const { cleanWhileDeploying, makeGreedy } = await import("../test/rig/clean-while-deploying.ts");
const { UserProject } = await import("../test/rig/user-project.ts");
const user = await UserProject.create();
const sum = { cleanups: 0, removedImages: 0, troubled: 0 };
try {
  await makeGreedy(user);
  process.stdout.write("round  clean-ups  removed  seconds  trouble\n");
  for (let round = 1; round <= rounds; round += 1) {
    const seen = await cleanWhileDeploying(user, round);
    sum.cleanups += seen.cleanups;
    sum.removedImages += seen.removedImages;
    sum.troubled += seen.trouble.length > 0 ? 1 : 0;
    const cells = [
      String(round).padStart(5),
      String(seen.cleanups).padStart(10),
      String(seen.removedImages).padStart(8),
      (seen.durationMs / 1_000).toFixed(1).padStart(8),
    ];
    process.stdout.write(`${cells.join(" ")}  ${seen.trouble.join(" | ") || "none"}\n`);
  }
} finally {
  await user[Symbol.asyncDispose]();
  removeBundle();
}
const { cleanups, removedImages, troubled } = sum;
process.stdout.write(
  `${rounds} rounds, ${cleanups} clean-ups, ${removedImages} images removed, ${troubled} rounds with trouble\n`,
);
process.exitCode = troubled > 0 ? 1 : 0;
