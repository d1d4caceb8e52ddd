import { describe, expect, it } from "vitest";
import { parseComposeModel } from "../../../../src/docker/compose-model.ts";
import { routedNetworks } from "../../../../src/docker/router/routed-networks.ts";
import { SAMPLE } from "./sample.ts";

/** A compose model of these services, as `docker compose config` prints them. */
function modelOf(services: Readonly<Record<string, unknown>>) {
  const model = parseComposeModel(JSON.stringify({ name: "shop-blue", services }));
  if (model === undefined) throw new Error("no model");
  return model;
}

describe("routedNetworks", () => {
  it("lets each routed service join once, under the name of its colour, and keeps its own networks", () => {
    const model = modelOf({ web: {}, api: { networks: { data: { aliases: ["x"] } } }, worker: {} });
    expect(routedNetworks(model, { project: "shop", router: SAMPLE }, "blue")).toEqual({
      ok: true,
      value: {
        services: {
          api: { networks: { data: {}, "orchestrate-router": { aliases: ["api-blue"] } } },
          web: { networks: { default: {}, "orchestrate-router": { aliases: ["web-blue"] } } },
        },
        networks: { "orchestrate-router": { external: true, name: "shop-router" } },
      },
    });
  });

  it("refuses compose files without a service that is routed to", () => {
    const failed = routedNetworks(modelOf({ web: {} }), { project: "shop", router: SAMPLE }, "green");
    expect(failed).toMatchObject({ ok: false, failure: { reason: "router-failed", call: "route to api" } });
  });
});
