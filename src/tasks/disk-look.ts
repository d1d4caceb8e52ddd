import type { OtherReservations } from "../docker/reservations.ts";
import { formatByteSize } from "../model/byte-size.ts";
import type { Failure } from "../model/failure.ts";
import type { DiskSpace } from "../model/observation.ts";
import { describeBasis } from "../model/plan.ts";
import type { DiskNeed } from "../model/plan.ts";

/** What a build that asks for room found when it looked at the disk. */
export interface DiskLook {
  /** Undefined where it cannot be measured. */
  readonly disk: DiskSpace | undefined;
  readonly minFreeBytes: number;
  readonly others: OtherReservations;
}

/** What is missing. */
export function describeLack(need: DiskNeed, { disk, minFreeBytes }: DiskLook): string {
  const free = formatByteSize(disk?.freeBytes ?? 0);
  return `${formatByteSize(need.bytes)} of disk are needed, ${free} are free, of which ${formatByteSize(minFreeBytes)} stay free`;
}

/** What is missing, and who may take or wants what is there. */
export function describeWait(need: DiskNeed, look: DiskLook): string {
  const { held, heldBytes, ahead } = look.others;
  const queue = ahead === 0 ? "" : `, ${ahead} waited before`;
  return `${describeLack(need, look)}; ${held} running builds may take ${formatByteSize(heldBytes)}${queue}`;
}

/** The failure of a build that found no room. `tried` is what was done about it. */
export function noRoomFailure(
  bakeTarget: string,
  need: DiskNeed,
  { disk, minFreeBytes }: DiskLook,
  tried: readonly string[],
): Failure {
  return {
    reason: "no-room",
    bakeTarget,
    neededBytes: need.bytes,
    basis: describeBasis(need),
    freeBytes: disk?.freeBytes ?? 0,
    minFreeBytes,
    totalBytes: disk?.totalBytes ?? 0,
    tried,
  };
}
