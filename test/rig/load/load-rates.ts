import { STREAM_NAMES } from "./observation.ts";
import type { StreamName } from "./observation.ts";

/** Requests per second of each stream. */
export type LoadRates = Readonly<Record<StreamName, number>>;

/** Below this the tests do not show what they say. */
export const LEAST_TOTAL_RATE = 300;

/** The mix that a deploy is judged by. */
export const FULL_RATES: LoadRates = {
  "keep-alive": 250,
  "new-connection": 100,
  post: 50,
  slow: 20,
  upload: 10,
  chunks: 5,
};

/** Only what can be asked of any web page. Whether it has a slow one is another question. */
export const PAGE_RATES: LoadRates = {
  "keep-alive": 250,
  "new-connection": 100,
  post: 0,
  slow: 0,
  upload: 0,
  chunks: 0,
};

/** Requests per second of all streams. */
export function totalRate(rates: LoadRates): number {
  return STREAM_NAMES.reduce((total, stream) => total + rates[stream], 0);
}

/** All rates times the factor, or the smallest factor above it that still gives {@link LEAST_TOTAL_RATE} requests a second. */
export function scaleRates(rates: LoadRates, factor: number): LoadRates {
  const least = LEAST_TOTAL_RATE / totalRate(rates);
  const applied = Math.max(factor, least);
  return {
    "keep-alive": rates["keep-alive"] * applied,
    "new-connection": rates["new-connection"] * applied,
    post: rates.post * applied,
    slow: rates.slow * applied,
    upload: rates.upload * applied,
    chunks: rates.chunks * applied,
  };
}
