import { createInterface } from "node:readline";
import { acquireEngineLock } from "../../src/docker/engine-lock.ts";
import { openEngine } from "../../src/docker/engine.ts";
import { createLockOwner } from "../../src/docker/process-identity.ts";

/**
 * A process that wants the lock of a project: `node lock-contender.ts PROJECT IMAGE DEPLOY wait|once`. It says `ready`, tries at the
 * line `go`, says `held` or `refused HOLDER`, and gives the lock back when its input ends.
 */
const [project = "", image = "", deployId = "", mode = "once"] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const engine = await openEngine();
if (!engine.ok) throw new Error(JSON.stringify(engine.failure));
console.log("ready");
await lines.next();
const owner = createLockOwner(deployId, Date.now());
const onWaiting = (holder: string): void => console.log(`waiting ${holder}`);
const lock = await acquireEngineLock(engine.value, { project, image, owner }, { wait: mode === "wait", onWaiting });
if (lock.ok) {
  console.log("held");
  await lines.next();
  await lock.value[Symbol.asyncDispose]();
  console.log("released");
} else {
  console.log(`refused ${"holder" in lock.failure ? lock.failure.holder : JSON.stringify(lock.failure)}`);
}
await engine.value[Symbol.asyncDispose]();
process.stdin.destroy();
