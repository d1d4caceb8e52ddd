import { describe, expect, it } from "vitest";
import { isShut, renderRouterStatus, renderRouterUp } from "../../../src/cli/router-text.ts";
import type { Entrance } from "../../../src/docker/router/entrance.ts";
import type { RouterStatus } from "../../../src/docker/router/router-project.ts";
import { SAMPLE } from "../docker/router/sample.ts";

const refuses: Entrance = { entrance: "refuses", port: 443, error: "connect ECONNREFUSED 127.0.0.1:443" };
const silent: Entrance = { entrance: "silent", port: 8080, error: "no answer within 3000 ms" };

function statusWith(entrance: Entrance): RouterStatus {
  const about = { outdated: false, driver: "haproxy", image: "haproxy:2.6", port: 8080, previewPort: 8090 } as const;
  const web = { service: "web", colour: "green", state: "up" } as const;
  const traffic = { to: "colour", colour: "green", standby: false } as const;
  const instances = [
    { address: "10.0.0.2:80", state: "up" },
    { address: "10.0.0.3:80", state: "down" },
  ] as const;
  const missing = { service: "web", colour: "blue", state: "unresolved", instances: [] } as const;
  const view = { traffic, persisted: traffic, backends: [{ ...web, instances }, missing] };
  return { state: "running", ...about, entrance, view };
}

describe("the router's entrance, for people", () => {
  it("is worth a word only where users do not get in for certain", () => {
    expect([refuses, silent].map(isShut)).toEqual([true, true]);
    expect(isShut({ entrance: "answers" })).toBe(false);
    expect(isShut({ entrance: "unknown", because: "another machine's" })).toBe(false);
    expect(isShut(undefined)).toBe(false);
    expect(renderRouterStatus(statusWith({ entrance: "answers" }), 0)).not.toContain("refuses");
  });

  it("names the port, what was seen and what mends it", () => {
    const text = renderRouterStatus(statusWith(refuses), 0);
    expect(text).toContain("port 443 refuses connections from its own host (connect ECONNREFUSED 127.0.0.1:443)");
    expect(text).toContain("next      orchestrate router up restarts it");
    expect(renderRouterStatus(statusWith(silent), 0)).toContain("gives no answer within 3000 ms");
  });

  it("says what a restart cost, where that is known", () => {
    const mended = { outcome: "mended", containerId: "c1", port: 443 } as const;
    expect(renderRouterUp(mended, SAMPLE)).toBe(
      "The router ran, but port 443 refused connections, so it was restarted.\n",
    );
    expect(renderRouterUp({ ...mended, gapMs: 843 }, SAMPLE)).toContain("It answers again after 843ms.");
  });
});

describe("the containers of a service, for people", () => {
  it("are told one by one", () => {
    const text = renderRouterStatus(statusWith({ entrance: "answers" }), 0);
    expect(text).toContain("green web: up at 10.0.0.2:80, down at 10.0.0.3:80\n");
    expect(text).toContain("blue web: unresolved\n");
  });
});
