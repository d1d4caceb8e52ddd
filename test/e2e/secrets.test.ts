import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { expectEnding } from "../rig/ending.ts";
import { UserProject } from "../rig/user-project.ts";

const SECRET = "s3cr3t-t0ken-of-this-test";

let user: UserProject;

beforeAll(async () => {
  user = await UserProject.create();
  await user.light.write(
    "pipelines/secret.yaml",
    `tasks:
  images: { build: { targets: [store], secrets: [{ id: token, env: TOKEN }] } }
`,
  );
});

afterAll(async () => {
  await user[Symbol.asyncDispose]();
});

/** Files of the project's copy that contain the secret. */
async function filesWithSecret(): Promise<readonly string[]> {
  const entries = await readdir(user.light.directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  const texts = await Promise.all(files.map(async (file) => ({ file, text: await readFile(file, "latin1") })));
  return texts.filter(({ text }) => text.includes(SECRET)).map(({ file }) => file);
}

it.each([
  ["that succeeds", "true", 0],
  ["that fails", "false", 1],
])("the value of a secret that a build %s prints reaches no stream, log, event or record", async (_, end, exitCode) => {
  const dockerfile = await user.light.read("docker/store.Dockerfile");
  const step = `RUN --mount=type=secret,id=token echo "the token is <$(cat /run/secrets/token)>"; echo ${Date.now()}; ${end}`;
  await user.light.write("docker/store.Dockerfile", `${dockerfile}${step}\n`);
  const result = await user.run(["run", "secret", "--verbose"], { TOKEN: SECRET });
  // The build did have it, and its output is shown but for the value.
  expectEnding(result, { exitCode, says: [/the token is <(?!>)/] });
  expect(result.output).not.toContain(SECRET);
  expect(await filesWithSecret()).toEqual([]);
  await user.light.write("docker/store.Dockerfile", dockerfile);
});
