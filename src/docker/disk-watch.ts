import { engineHome, loadDiskFree } from "./disk-usage.ts";
import { isLocalEngine } from "./endpoint.ts";
import type { Engine } from "./engine.ts";

/** A step may fill a disk within a second, and what it wrote is gone as soon as it has failed. One look takes 20 µs. */
const LOOK_MS = 100;
/** What can be written between two looks: a disk that had more than this free at each, and a quarter of its size, was never full. */
const UNSEEN_BYTES = 4_000_000_000;

/** Looks at the disk of an engine for as long as it lives. */
export interface DiskWatch extends Disposable {
  /** True where it cannot be measured. */
  mayHaveBeenFull(): boolean;
}

/** Watches the disk that holds the data of an engine on this machine; a remote one is not worth a login each time. */
export async function watchDisk(engine: Engine): Promise<DiskWatch> {
  const home = isLocalEngine(engine.endpoint) ? await engineHome(engine) : undefined;
  if (home?.ok !== true) return { mayHaveBeenFull: () => true, [Symbol.dispose]: () => undefined };
  const { rootDirectory } = home.value;
  let full = false;
  let seen = false;
  const look = async (): Promise<void> => {
    const disk = await loadDiskFree(rootDirectory);
    if (disk === undefined) return;
    seen = true;
    if (disk.freeBytes < Math.min(UNSEEN_BYTES, disk.totalBytes / 4)) full = true;
  };
  await look();
  const timer = setInterval(() => void look(), LOOK_MS);
  timer.unref();
  return { mayHaveBeenFull: () => full || !seen, [Symbol.dispose]: () => clearInterval(timer) };
}
