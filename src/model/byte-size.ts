/** Decimal units as Docker prints them (1 MB = 1,000,000 bytes) and binary units (1 MiB = 1,048,576 bytes). */
const UNIT_BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};
const SIZE = /^(\d+(?:\.\d+)?)\s*([kmgt]i?b|b)$/i;

/**
 * Bytes of a written size such as `500MB`, `10GB` or `1.5GiB`.
 * Returns undefined for anything else, a bare number included: its unit would be guessed.
 */
export function parseByteSize(text: string): number | undefined {
  const match = SIZE.exec(text.trim());
  if (match === null) return undefined;
  const factor = UNIT_BYTES[(match[2] ?? "").toLowerCase()];
  return factor === undefined ? undefined : Math.round(Number(match[1]) * factor);
}

/** A size for people, in the decimal units that Docker prints: `58.1 MB`, `1.20 GB`. */
export function formatByteSize(sizeBytes: number): string {
  const size = Math.abs(sizeBytes);
  const sign = sizeBytes < 0 ? "-" : "";
  if (size < 1e3) return `${sign}${Math.round(size)} B`;
  for (const [limit, factor, unit] of SCALES) {
    if (size < limit) return `${sign}${significant(size / factor)} ${unit}`;
  }
  return `${sign}${significant(size / 1e12)} TB`;
}

const SCALES = [
  [999_500, 1e3, "kB"],
  [999_500_000, 1e6, "MB"],
  [999_500_000_000, 1e9, "GB"],
] as const;

function significant(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
