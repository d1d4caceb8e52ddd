import { z } from "zod";
import { count, duration, interpolation, known, percentage } from "./scalars.ts";

const smokeCheck = known(
  {
    path: z
      .string()
      .regex(/^\/|\$\{/)
      .meta({ description: "Path of the request.", examples: ["/health"] }),
    host: z.string().optional().meta({ description: "Host name of the request, where routes differ by it." }),
    status: z
      .union([z.int().min(100).max(599), interpolation])
      .optional()
      .meta({ default: 200, description: "Expected status." }),
    contains: z.string().optional().meta({ description: "Text that the body must contain." }),
  },
  {
    id: "SmokeCheck",
    description: "A request through the router's preview entrance, before any user gets to the release.",
    examples: [{ path: "/", contains: "<title>" }],
  },
);

const observe = known(
  {
    for: duration.optional().meta({ default: "30s", description: "How long the release is observed." }),
    max_error_rate: percentage
      .optional()
      .meta({ default: "1%", description: "Answers of 500 and above, and failed connections, over all requests." }),
    min_requests: count
      .optional()
      .meta({ default: 20, description: "Requests from which on the error rate and the latency are judged." }),
    max_latency: duration.optional().meta({ description: "Largest mean time of an answer. Default: not judged." }),
  },
  {
    id: "Observe",
    description: "What a release must keep to after its cutover; a breach sends the traffic back at once.",
    examples: [{ for: "60s", max_error_rate: "0.5%", max_latency: "400ms" }],
  },
);

const drain = known(
  {
    timeout: duration
      .optional()
      .meta({ default: "30s", description: "How long requests of the old release may still take." }),
    websocket: duration.optional().meta({ default: "10s", description: "The same for its websockets." }),
  },
  { id: "Drain", description: "How the old release is left in peace before it is stopped." },
);

const percent = z
  .union([z.int().min(1).max(100), interpolation])
  .meta({ id: "Percent", description: "Whole percent of the requests, from 1 to 100." });

/** What `deploy` of docker/build-config.json sets and a deploy task may set otherwise. */
export const deploySettings = {
  strategy: z
    .union([z.enum(["blue-green", "canary", "recreate"]), interpolation])
    .optional()
    .meta({
      description:
        "`blue-green` switches all traffic at once, `canary` in steps, `recreate` replaces containers in place and has a gap. Default: `blue-green` for the colours of the router, else `recreate`.",
    }),
  smoke: z.array(smokeCheck).optional().meta({ default: [], description: "Smoke tests before the cutover." }),
  observe: observe.optional(),
  drain: drain.optional(),
  keep_old: z
    .union([z.enum(["stopped", "running", "removed"]), interpolation])
    .optional()
    .meta({
      default: "stopped",
      description:
        "What becomes of the old release: `running` rolls back at once, `stopped` once its containers are ready again.",
    }),
  canary: z
    .array(percent)
    .min(1)
    .optional()
    .meta({
      default: [5, 25, 100],
      description: "Steps of a canary in percent, each observed; rising, the last is 100.",
    }),
};
