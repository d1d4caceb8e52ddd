import { createInterface } from "node:readline";
import { openEngine } from "../../src/docker/engine.ts";
import type { HeldReservation } from "../../src/docker/reservations.ts";
import { EngineReservations } from "../../src/docker/reservations.ts";

/**
 * A process that wants a part of something: `node reservation-contender.ts BYTES CAPACITY`. It says `ready`, tries at each line `go` and says
 * `held` or `refused`, gives back what it holds at `release`, and ends when its input does.
 */
const [bytes = "0", capacity = "0"] = process.argv.slice(2);
const engine = await openEngine();
if (!engine.ok) throw new Error(JSON.stringify(engine.failure));
await using reservations = new EngineReservations(engine.value, `run-${process.pid}`);
const registered = await reservations.register();
if (!registered.ok) throw new Error(JSON.stringify(registered.failure));
const request = reservations.request(Number(bytes));
console.log("ready");
let held: HeldReservation | undefined;
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "release") {
    await held?.release();
    console.log("released");
    continue;
  }
  const tried = await request.attempt(async ({ heldBytes, aheadBytes }) => {
    return Number(bytes) + heldBytes + aheadBytes <= Number(capacity);
  });
  if (!tried.ok) throw new Error(JSON.stringify(tried.failure));
  held = tried.value.reservation;
  console.log(held === undefined ? "refused" : "held");
}
await request.withdraw();
