const RUN_ID = /^\d{8}-\d{6}-[a-z0-9]{4,}$/;

/**
 * The id of a run and the name of its log directory: `20261123-214512-3f9a`, UTC, so that names sort by time.
 * `suffix` tells runs of one second apart: at least four letters or digits, random.
 */
export function createRunId(nowMs: number, suffix: string): string {
  const [date = "", time = ""] = new Date(nowMs).toISOString().split("T");
  return `${date.replaceAll("-", "")}-${time.slice(0, 8).replaceAll(":", "")}-${suffix}`;
}

/** Whether a name is one that {@link createRunId} makes. */
export function isRunId(name: string): boolean {
  return RUN_ID.test(name);
}
