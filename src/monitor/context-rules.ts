import { formatByteSize } from "../model/byte-size.ts";
import type { Recommendation, ServiceFacts } from "./monitor-facts.ts";

/** A context below this is sent within a second or two. */
const LARGE_BYTES = 100e6;

/** The last real build sent more to the engine than the image has itself, or than any source needs. */
export function contextTooLarge({ service, context, newest }: ServiceFacts): Recommendation | undefined {
  const sentBytes = context?.sentBytes;
  if (context === undefined || sentBytes === undefined || sentBytes < LARGE_BYTES) return undefined;
  const compared =
    newest !== undefined && sentBytes > newest.sizeBytes
      ? `, more than the image of ${formatByteSize(newest.sizeBytes)}`
      : "";
  const ballast =
    context.ballast.length === 0
      ? ""
      : `; ${context.ballast.join(", ")} ${context.ballast.length === 1 ? "is" : "are"} in it`;
  return {
    rule: "context-too-large",
    urgency: "worthwhile",
    about: service.name,
    text: `the last build sent ${formatByteSize(sentBytes)} from ${context.path}${compared}; the engine keeps a copy of it${ballast}`,
    savesBytes: sentBytes,
    command: `du -ah ${context.path} | sort -rh | head -20   # what .dockerignore could leave out`,
  };
}

/** A context without an ignore file, with entries in it that no build needs. */
export function ignoreFileMissing({ service, context }: ServiceFacts): Recommendation | undefined {
  if (context === undefined || context.ignoreFile !== undefined || context.ballast.length === 0) return undefined;
  return {
    rule: "ignore-file-missing",
    urgency: "worthwhile",
    about: service.name,
    text: `${context.path} has no .dockerignore, and ${context.ballast.join(", ")} in it go to the engine with every change`,
    command: `printf '%s\\n' ${context.ballast.join(" ")} >${context.path === "." ? "" : `${context.path}/`}.dockerignore`,
  };
}
