import { openDatabase } from "./database.ts";
import { createPredictor } from "./predictor.ts";
import { createServer } from "./server.ts";
import { readSettings } from "./settings.ts";

const settings = readSettings(process.env);
const database = openDatabase(settings.databaseUrl);
const server = createServer(settings, { database, predictor: createPredictor(settings.mlUrl, settings.mlTimeoutMs) });

// As PID 1 a process has no default action for SIGTERM: without this handler it would be killed at the end of the grace period.
async function stop(signal: NodeJS.Signals): Promise<void> {
  server.log.info(`${signal}: answering what is under way, then stopping`);
  await server.close();
  await database.$disconnect();
  process.exit(0);
}
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void stop(signal));

// Connections wait in the backlog while the machine is busy elsewhere; one that finds it full is tried again after a second.
await server.listen({ host: "0.0.0.0", port: settings.port, backlog: 4_096 });
