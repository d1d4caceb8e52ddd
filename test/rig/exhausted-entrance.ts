import { execFile } from "node:child_process";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { promisify } from "node:util";
import { eventually, findProcesses } from "./processes.ts";

const run = promisify(execFile);

/** What passes on the connections to a port of 127.0.0.1; undefined where the engine does without. */
function findProxy(port: number): number | undefined {
  return findProcesses(`-host-port ${port} `).find(
    ({ command }) => command.includes("docker-proxy") && /-host-ip (?:0\.0\.0\.0|127\.0\.0\.1) /.test(command),
  )?.pid;
}

/** Resolves when it is decided whether there is a connection. */
async function tryConnection(port: number): Promise<Socket> {
  const { promise, resolve } = Promise.withResolvers<Socket>();
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => resolve(socket));
  socket.once("connect", () => resolve(socket));
  return await promise;
}

/** Lets the docker-proxy of a published port open 40 files and opens 60 connections: it ends for good, as at 20,000 and 10,000. */
export async function exhaustEntrance(port: number): Promise<void> {
  const pid = findProxy(port);
  if (pid === undefined) throw new Error(`nothing passes on the connections to port ${port}`);
  const words = ["--pid", String(pid), "--nofile=40:40"];
  await (process.getuid?.() === 0 ? run("prlimit", words) : run("sudo", ["-n", "prlimit", ...words]));
  const sockets = await Promise.all(Array.from({ length: 60 }, async () => await tryConnection(port)));
  for (const socket of sockets) socket.destroy();
  const left = await eventually(
    () => findProxy(port),
    (proxy) => proxy === undefined,
  );
  if (left !== undefined) throw new Error(`process ${left} survived 60 connections with 40 files`);
}
