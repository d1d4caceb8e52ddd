/**
 * Bundles src/main.ts into dist/orchestrate.cjs and the chunks that it loads on demand, and src/index.ts into dist/index.js.
 * CommonJS for the program: it starts faster than ES modules do, and a compile cache covers it whole.
 */
import { chmodSync, rmSync } from "node:fs";
import path from "node:path";
import { rolldown } from "rolldown";
import type { Plugin } from "rolldown";

const root = path.join(import.meta.dirname, "..");
/** The first argument names another directory, which is emptied first. */
const dist = path.resolve(process.argv[2] ?? path.join(root, "dist"));

const EAGER_IMPORT = "import childProcess from 'node:child_process';";

/** commander loads child_process for sub-commands in files of their own, which we have none of; that costs 3 ms of every start. */
const lazyChildProcess: Plugin = {
  name: "lazy-child-process",
  transform(code, id) {
    if (!id.endsWith("/commander/lib/command.js")) return undefined;
    if (!code.includes(EAGER_IMPORT))
      throw new Error("commander imports child_process in another way now: adapt scripts/bundle.ts");
    return code.replace(
      EAGER_IMPORT,
      "const childProcess = { spawn: (...words) => process.getBuiltinModule('node:child_process').spawn(...words) };",
    );
  },
};

async function bundleProgram(): Promise<void> {
  const input = path.join(root, "src/main.ts");
  const bundle = await rolldown({ input, platform: "node", cwd: root, plugins: [lazyChildProcess] });
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
