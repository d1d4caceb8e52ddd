import { execFileSync } from "node:child_process";

/** Tests of this project talk to a real engine: without one they fail at once and say how to get it. */
export function setup(): void {
  try {
    execFileSync("docker", ["info", "--format", "{{.ServerVersion}}"], { stdio: "pipe", timeout: 20_000 });
  } catch {
    throw new Error("These tests need a running Docker Engine; `make setup` installs and starts one.");
  }
}
