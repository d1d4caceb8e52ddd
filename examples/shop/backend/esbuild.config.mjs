import { build } from "esbuild";

// Everything the service needs ends up in two files, so that the image carries no node_modules.
// Some packages are CommonJS and call `require`, which an ES module does not have.
await build({
  entryPoints: { main: "src/main.ts", migrate: "src/migrate.ts" },
  outdir: "dist",
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  external: ["pg-native"],
  banner: {
    js: 'import { createRequire as createRequireForBundle } from "node:module"; const require = createRequireForBundle(import.meta.url);',
  },
  logLevel: "info",
});
