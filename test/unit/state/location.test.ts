import { describe, expect, it } from "vitest";
import { resolveStateDirectory } from "../../../src/state/location.ts";

const shop = { homeDirectory: "/home/ann", project: "shop", projectRealPath: "/srv/shop" };

describe("resolveStateDirectory", () => {
  it("stands in the home directory by default, outside the project", () => {
    expect(resolveStateDirectory({ ...shop, environment: {} })).toMatch(
      /^\/home\/ann\/\.local\/state\/orchestrate\/shop-[0-9a-f]{12}$/,
    );
  });

  it("follows XDG_STATE_HOME, but not a relative or empty one", () => {
    expect(resolveStateDirectory({ ...shop, environment: { XDG_STATE_HOME: "/var/state" } })).toMatch(
      /^\/var\/state\/orchestrate\/shop-/,
    );
    for (const value of ["state", ""]) {
      expect(resolveStateDirectory({ ...shop, environment: { XDG_STATE_HOME: value } })).toMatch(
        /^\/home\/ann\/\.local/,
      );
    }
  });

  it("prefers ORCHESTRATE_STATE_DIR; a relative one counts from the project", () => {
    const environment = { ORCHESTRATE_STATE_DIR: "/var/ci", XDG_STATE_HOME: "/var/state" };
    expect(resolveStateDirectory({ ...shop, environment })).toMatch(/^\/var\/ci\/shop-[0-9a-f]{12}$/);
    expect(resolveStateDirectory({ ...shop, environment: { ORCHESTRATE_STATE_DIR: "../ci" } })).toMatch(
      /^\/srv\/ci\/shop-/,
    );
  });

  it("tells projects of one name apart by their path, and always names one directory", () => {
    const one = resolveStateDirectory({ ...shop, environment: {} });
    const other = resolveStateDirectory({ ...shop, environment: {}, projectRealPath: "/srv/other/shop" });
    expect(other).not.toBe(one);
    for (const project of ["../../etc", "..", ".", "", "a/b", "ä ö"]) {
      const directory = resolveStateDirectory({ ...shop, environment: {}, project });
      expect(directory).toMatch(
        /^\/home\/ann\/\.local\/state\/orchestrate\/[A-Za-z0-9_-][A-Za-z0-9_.-]*-[0-9a-f]{12}$/,
      );
    }
  });
});
