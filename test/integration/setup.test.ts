import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const ROOT = path.join(import.meta.dirname, "../..");
const IS_ROOT = process.getuid?.() === 0;
const NOBODY = 65_534;
const HAS_STAND_INS = existsSync(path.join(ROOT, "docker-bake.override.hcl"));
/** What the scripts use before they decide anything; what a test wants to be missing is left out. */
const BASIC_TOOLS =
  "bash sh env awk cat cp cut dirname find flock grep head id mktemp mv rm sed sha256sum sleep tail timeout tr";

interface Outcome {
  readonly exitCode: number | null;
  readonly output: string;
}

interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  /** Tools on the PATH; everything that this machine has when left out. */
  readonly tools?: string;
  /** As an unprivileged user, where the tests have the right to become one. */
  readonly unprivileged?: boolean;
}

let home: string;

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), "orchestrate-setup-"));
  mkdirSync(path.join(home, "docker"));
  mkdirSync(path.join(home, "bin"));
  for (const part of ["scripts", "docker-bake.offline.hcl"]) {
    cpSync(path.join(ROOT, part), path.join(home, part), { recursive: true });
  }
  // Without .cache, which holds hundreds of MB that only the making of images needs.
  cpSync(path.join(ROOT, "docker/base"), path.join(home, "docker/base"), {
    recursive: true,
    filter: (source) => !source.includes("/.cache"),
  });
  for (const directory of [home, path.join(home, "bin")]) chmodSync(directory, 0o755);
});

afterEach(() => {
  rmSync(home, { recursive: true });
});

/** Puts a program of this name first on the PATH. */
function place(name: string, script: string): void {
  writeFileSync(path.join(home, "bin", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

function searchPath(tools: string | undefined): string {
  const bin = path.join(home, "bin");
  if (tools === undefined) return `${bin}:${process.env["PATH"] ?? ""}`;
  for (const tool of tools.split(" ")) {
    const found = spawnSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" }).stdout.trim();
    if (found !== "" && !existsSync(path.join(bin, tool))) symlinkSync(found, path.join(bin, tool));
  }
  return bin;
}

function run(command: readonly string[], surroundings: Surroundings = {}): Outcome {
  const [program = "", ...args] = command;
  const result = spawnSync(program, args, {
    cwd: home,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { HOME: home, PATH: searchPath(surroundings.tools), ...surroundings.env },
    ...(surroundings.unprivileged === true && IS_ROOT ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  return { exitCode: result.status, output: `${result.stdout}${result.stderr}` };
}

function script(name: string): string {
  return path.join(home, "scripts", name);
}

/** Calls a function of the sourced files instead of a whole script. */
function callShell(text: string, env: Readonly<Record<string, string>>): Outcome {
  return run(["bash", "--norc", "-euc", `ME=test; . scripts/progress.sh; . scripts/apt.sh; ${text}`], { env });
}

describe("setup-engine.sh", () => {
  it("leaves an engine that works alone and says so in one line", () => {
    for (const _ of [1, 2]) {
      const outcome = run([script("setup-engine.sh")], { env: { TMPDIR: home } });
      expect(outcome).toMatchObject({ exitCode: 0 });
      expect(outcome.output).toMatch(
        /^setup-engine: \[.*\] Docker Engine \S+, buildx \S+, Compose \S+ answer; nothing to do\n$/,
      );
    }
  });

  it("names apt when it is missing, and the way without it", () => {
    const outcome = run([script("setup-engine.sh")], { tools: BASIC_TOOLS });
    expect(outcome.exitCode).toBe(2);
    expect(outcome.output).toContain("docker is not installed, and apt is not on the PATH");
    expect(outcome.output).toContain("https://docs.docker.com/engine/install/");
  });

  it("names root and sudo when it has neither", () => {
    const outcome = run([script("setup-engine.sh")], { tools: `${BASIC_TOOLS} apt-get dpkg`, unprivileged: true });
    expect(outcome.exitCode).toBe(2);
    expect(outcome.output).toContain("docker is not installed, and this user is not root and sudo is not installed");
    expect(outcome.output).toContain("Run this once as root");
  });

  it("does not wait for a password that nobody can type", () => {
    place("sudo", "exit 1");
    const outcome = run([script("setup-engine.sh")], { tools: `${BASIC_TOOLS} apt-get dpkg`, unprivileged: true });
    expect(outcome.exitCode).toBe(2);
    expect(outcome.output).toContain("sudo wants a password it cannot ask for here");
  });

  it("does not replace an engine elsewhere that is down", () => {
    const outcome = run([script("setup-engine.sh")], { env: { DOCKER_HOST: `unix://${home}/nothing.sock` } });
    expect(outcome.exitCode).toBe(2);
    expect(outcome.output).toContain("DOCKER_HOST points at an engine that does not answer");
  });

  // Whoever runs the tests without being root has access to the engine, and cannot become somebody without.
  it.each(IS_ROOT ? ["nobody"] : [])("tells %s, who may not use the engine, how to get the right to", (user) => {
    const outcome = run([script("setup-engine.sh")], { unprivileged: true });
    expect(outcome.exitCode).toBe(2);
    expect(outcome.output).toContain(`the Docker Engine runs, but user '${user}' may not use it`);
    expect(outcome.output).toContain(`sudo usermod -aG docker ${user}`);
  });
});

describe("the machine's own Debian source", () => {
  function sourceOf(release: string, files: Readonly<Record<string, string>>): string {
    mkdirSync(path.join(home, "apt/sources.list.d"), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(home, "apt", name), text);
    return callShell(`own_debian_source ${release} | head -n 1`, { APT_ETC: path.join(home, "apt") }).output;
  }

  it("is read from deb822 files, past comments and disabled or foreign stanzas", () => {
    const text = [
      "# Types: deb",
      "Types: deb\nURIs: http://off.example/debian\nSuites: bookworm\nEnabled: no\n",
      "Types: deb-src\nURIs: http://source.example/debian\nSuites: bookworm\n",
      "Types: deb\nURIs: http://security.example/debian\nSuites: bookworm-security\n",
      "Types: deb deb-src\n# a note\nURIs: http://main.example/debian http://other.example\nSuites: bookworm bookworm-updates",
      "Components: main\nSigned-By: /keys/debian.gpg\n",
    ].join("\n");
    expect(sourceOf("bookworm", { "sources.list.d/debian.sources": text })).toBe(
      "http://main.example/debian\t/keys/debian.gpg\n",
    );
    expect(sourceOf("bookworm-security", {})).toBe("http://security.example/debian\t\n");
    expect(sourceOf("trixie", {})).toBe("");
  });

  it("is read from one-line files, past a CD, with and without options", () => {
    const text = [
      "deb cdrom:[Debian GNU/Linux 12 _Bookworm_]/ bookworm main",
      "#deb http://comment.example/debian bookworm main",
      "deb [ arch=amd64 signed-by=/keys/one.gpg ] http://main.example/debian bookworm main contrib",
      "deb http://security.example/debian bookworm-security main",
    ].join("\n");
    expect(sourceOf("bookworm", { "sources.list": text })).toBe("http://main.example/debian\t/keys/one.gpg\n");
    expect(sourceOf("bookworm-security", {})).toBe("http://security.example/debian\t\n");
  });
});

describe("two set-ups at once", () => {
  it("wait for one another", async () => {
    const hold = `exec flock "$0" -c 'echo held; read -r line'`;
    const holder = spawn("bash", ["--norc", "-c", hold, home], { stdio: ["pipe", "pipe", "inherit"] });
    await once(holder.stdout, "data");
    const waiter = spawn(
      "bash",
      ["-euc", `ME=test; . scripts/progress.sh; . scripts/apt.sh; take_lock . ; echo got it`],
      {
        cwd: home,
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    let said = "";
    waiter.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await once(waiter.stdout, "data");
    expect(said).toMatch(/another set-up is running; waiting for it\n$/);
    holder.stdin.end("\n");
    await once(waiter, "close");
    expect(said).toMatch(/got it\n$/);
  });
});

describe("base-images.sh", () => {
  const OURS = "// Written by scripts/base-images.sh; do not edit.\n";
  const override = (): string => path.join(home, "docker-bake.override.hcl");

  it("makes nothing when images can be pulled", () => {
    place("docker", `case "$*" in "buildx imagetools inspect"*) exit 0 ;; *) exit 1 ;; esac`);
    const outcome = run([script("base-images.sh")]);
    expect(outcome).toMatchObject({ exitCode: 0 });
    expect(outcome.output).toContain("not needed: public images can be pulled");
    expect(existsSync(override())).toBe(false);
  });

  it("removes its override, and nobody else's, when told to pull", () => {
    writeFileSync(override(), "// mine\n");
    expect(run([script("base-images.sh")], { env: { ORCHESTRATE_OFFLINE: "0" } })).toMatchObject({ exitCode: 0 });
    expect(readFileSync(override(), "utf8")).toBe("// mine\n");
    writeFileSync(override(), OURS);
    expect(run([script("base-images.sh")], { env: { ORCHESTRATE_OFFLINE: "0" } })).toMatchObject({ exitCode: 0 });
    expect(existsSync(override())).toBe(false);
  });

  it("refuses a group that it does not know", () => {
    const outcome = run([script("base-images.sh"), "plane"]);
    expect(outcome.exitCode).toBe(2);
    expect(outcome.output).toContain("unknown group 'plane'");
  });

  it("gives the stand-ins of database and router their public names, unless those are somebody's own images", () => {
    const tags = path.join(home, "tags");
    const engine = (publicImage: string): string => `case "$*" in
      "tag "*) echo "$*" >>"${tags}" ;;
      "image inspect orchestrate.local/"*) exit 0 ;;
      "image inspect ${publicImage}") exit 0 ;;
      "image inspect --format"*) exit 0 ;;
      "image inspect"*) exit 1 ;;
    esac`;
    const env = { ORCHESTRATE_OFFLINE: "1" };
    place("docker", engine("none"));
    expect(run([script("base-images.sh"), "haproxy"], { env })).toMatchObject({ exitCode: 0 });
    expect(readFileSync(tags, "utf8")).toBe(
      "tag orchestrate.local/postgres:15 postgres:15\ntag orchestrate.local/haproxy:2.6 haproxy:2.6\n",
    );
    rmSync(tags);
    place("docker", engine("postgres:15"));
    expect(run([script("base-images.sh"), "haproxy"], { env })).toMatchObject({ exitCode: 0 });
    expect(readFileSync(tags, "utf8")).toBe("tag orchestrate.local/haproxy:2.6 haproxy:2.6\n");
  });

  // Where images can be pulled there are no stand-ins, and making them takes minutes.
  it.each(HAS_STAND_INS ? ["stand-ins"] : [])(
    "finds the %s, and writes what is this machine's own into the override",
    () => {
      const bundle = path.join(home, "ca.crt");
      writeFileSync(bundle, "a certificate");
      const env = { ORCHESTRATE_OFFLINE: "1", NODE_EXTRA_CA_CERTS: bundle };
      const first = run([script("base-images.sh")], { env });
      expect(first).toMatchObject({ exitCode: 0 });
      expect(first.output).toContain("the images are there; nothing to do");
      const text = readFileSync(override(), "utf8");
      expect(text.slice(0, OURS.length)).toBe(OURS);
      // Inside the project: bake asks for no permission to read it there.
      expect(text).toContain('default = "docker/base/.cache/ca.crt"');
      expect(readFileSync(path.join(home, "docker/base/.cache/ca.crt"), "utf8")).toBe("a certificate");
      const written = statSync(override()).mtimeMs;
      expect(run([script("base-images.sh")], { env })).toMatchObject({ exitCode: 0 });
      expect(statSync(override()).mtimeMs).toBe(written);
      expect(existsSync(path.join(home, "docker/base/.cache/debian.tar"))).toBe(false);
    },
  );
});

describe("setup.sh", () => {
  it("names the Node that it needs when there is none", () => {
    const outcome = run([script("setup.sh")], { tools: BASIC_TOOLS });
    expect(outcome.exitCode).toBe(2);
    expect(outcome.output).toContain("Node.js 20 or newer with npm is needed");
  });

  it("refuses a Node that is too old", () => {
    place("node", `case "$1" in -p) echo 18 ;; *) echo v18.0.0 ;; esac`);
    const outcome = run([script("setup.sh")]);
    expect(outcome.exitCode).toBe(2);
    expect(outcome.output).toContain("this machine has Node.js v18.0.0; 20 or newer is needed");
  });
});
