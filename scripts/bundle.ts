/**
 * Bundles src/main.ts into dist/orchestrate.cjs and the chunks that it loads on demand, and src/index.ts into dist/index.js.
 * CommonJS for the program: it starts faster than ES modules do, and a compile cache covers it whole.
 */
import { chmodSync, rmSync } from "node:fs";
import path from "node:path";
import { rolldown } from "rolldown";

const root = path.join(import.meta.dirname, "..");
/** The first argument names another directory, which is emptied first. */
const dist = path.resolve(process.argv[2] ?? path.join(root, "dist"));

async function bundleProgram(): Promise<void> {
  const bundle = await rolldown({ input: path.join(root, "src/main.ts"), platform: "node", cwd: root });
  await bundle.write({
    dir: dist,
    format: "cjs",
    entryFileNames: "orchestrate.cjs",
    chunkFileNames: "chunks/[name]-[hash].cjs",
    minify: false,
  });
  await bundle.close();
  chmodSync(path.join(dist, "orchestrate.cjs"), 0o755);
}

async function bundleLibrary(): Promise<void> {
  const bundle = await rolldown({ input: path.join(root, "src/index.ts"), platform: "node", cwd: root });
  await bundle.write({
    dir: dist,
    format: "esm",
    entryFileNames: "index.js",
    chunkFileNames: "library/[name]-[hash].js",
  });
  await bundle.close();
}

rmSync(dist, { recursive: true, force: true });
await bundleProgram();
await bundleLibrary();
