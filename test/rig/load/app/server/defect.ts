/** How a release is broken. */
export type Defect =
  | { readonly defect: "none" }
  /** It starts and never listens. */
  | { readonly defect: "never-ready" }
  | { readonly defect: "exit" }
  | { readonly defect: "crash"; readonly afterMs: number }
  /** As `crash`, counted from the 50th request: not before users are there. */
  | { readonly defect: "crash-busy"; readonly afterMs: number }
  /** So many of a hundred requests are answered 500. Its health check is not among them. */
  | { readonly defect: "errors"; readonly percent: number }
  /** As `errors`, from the 50th request on. */
  | { readonly defect: "errors-busy"; readonly percent: number }
  | { readonly defect: "slow"; readonly delayMs: number }
  /** A status of 200 and a text that is not the page. */
  | { readonly defect: "wrong-page" };

/** Requests after which a release takes itself for busy: more than any smoke test asks. */
export const BUSY_AFTER_REQUESTS = 50;

/** Reads `errors:20` and its like; undefined when it is none of them. Empty means none. */
export function parseDefect(text: string): Defect | undefined {
  const [kind, amount = ""] = text.split(":");
  const number = Number(amount);
  switch (kind) {
    case "":
      return { defect: "none" };
    case "never-ready":
    case "exit":
    case "wrong-page":
      return { defect: kind };
    case "crash":
    case "crash-busy":
      return Number.isFinite(number) ? { defect: kind, afterMs: number } : undefined;
    case "errors":
    case "errors-busy":
      return number > 0 ? { defect: kind, percent: number } : undefined;
    case "slow":
      return number > 0 ? { defect: kind, delayMs: number } : undefined;
    case undefined:
    default:
      return undefined;
  }
}
