import type { Service } from "../../../src/model/build-config.ts";
import type { EngineObservation } from "../../../src/model/observation.ts";
import type { MonitorFacts, ServiceFacts } from "../../../src/monitor/monitor-facts.ts";
import { describeUsage } from "../../../src/monitor/usage.ts";
import { CONFIG, planned } from "./sample.ts";

/** A service with both limits. */
export const WEB: Service = {
  name: "web",
  bakeTarget: "web",
  composeService: "web",
  sizeLimitBytes: 100e6,
  growthLimit: 0.2,
};

/** Facts of a service whose newest image has so many bytes. */
export function web(sizeBytes: number | undefined, change: Partial<ServiceFacts> = {}): ServiceFacts {
  const image = {
    id: "sha256:0123456789abcdef",
    tags: ["shop/web:latest"],
    ageMs: 0,
    containers: [],
    overLimit: false,
  };
  const newest = sizeBytes === undefined ? undefined : { ...image, sizeBytes };
  return {
    service: WEB,
    usage: { service: "web", images: newest === undefined ? [] : [newest] },
    ...(newest === undefined ? {} : { newest }),
    layers: [],
    siblings: [],
    ...change,
  };
}

/** Facts of a project of which an observation is known. */
export function factsOf(
  observation: EngineObservation,
  config = CONFIG,
  change: Partial<MonitorFacts> = {},
): MonitorFacts {
  const plans = planned(observation, config);
  const usage = describeUsage(observation, config, { plans });
  return { config, observation, usage, plans, services: [], stoppedAtMs: new Map(), ...change };
}

/** A layer of an image. */
export const layer = (chainId: string, digest: string, sizeBytes: number) => ({
  chainId,
  digest,
  sizeBytes,
  createdBy: "COPY node_modules /app # buildkit",
});

/** An image of the plain Dockerfile of the service. */
export function plain(sizeBytes: number, uniqueBytes?: number) {
  return {
    bakeTarget: "web-plain",
    reference: "shop/web:plain",
    sizeBytes,
    ...(uniqueBytes === undefined ? {} : { uniqueBytes }),
  };
}
