import { describe, expect, it } from "vitest";
import buildConfigSchema from "../../../schemas/build-config.schema.json" with { type: "json" };
import { diagnose, problems, resolved } from "./written-project.ts";

/** A build configuration with a router of these keys; one line each, so that places can be read off. */
function withRouter(router: readonly string[], rest = ""): Readonly<Record<string, string>> {
  const text = `{
  "services": { "web": {}, "api": { "compose_service": "backend" } },
  "environments": { "blue": {}, "green": {} },${rest}
  "router": {
${router.map((line) => `    ${line}`).join(",\n")}
  }
}
`;
  return { "docker/build-config.json": text };
}

const PORTS = ['"port": 8080', '"preview_port": 8090'];
const WEB = '"routes": [{ "service": "web", "port": 80 }]';

describe("a router", () => {
  it("is absent where none is written", () => {
    expect(resolved({ "docker/build-config.json": "{}" }).buildConfig.router).toBeUndefined();
  });

  it("has the defaults that the schema names", () => {
    const { router } = resolved(withRouter([...PORTS, WEB])).buildConfig;
    const { Router, Route } = buildConfigSchema.definitions;
    expect(router).toEqual({
      driver: Router.properties.driver.default,
      colours: Router.properties.colours.default,
      port: 8080,
      previewPort: 8090,
      routes: [{ service: "web", port: 80, hosts: [], path: Route.properties.path.default }],
      fragmentFiles: [],
      fragmentPorts: [],
      image: "haproxy:2.6",
    });
    expect(Router.properties.image.description).toContain("`haproxy:2.6`");
  });

  it("is what was written, with the compose services behind the routes", () => {
    const { router } = resolved(
      withRouter([
        '"driver": "nginx"',
        '"colours": ["green", "blue"]',
        '"port": "${PORT:-8081}"',
        '"preview_port": 8090',
        '"routes": [{ "service": "api", "port": 3000, "hosts": ["a.example"], "path": "/api", "check_path": "/ok" }]',
        '"config": "./docker/tls.conf"',
        '"config_files": ["secrets/tls.pem"]',
        '"config_ports": ["443:8443"]',
      ]),
    ).buildConfig;
    expect(router).toEqual({
      driver: "nginx",
      colours: ["green", "blue"],
      port: 8081,
      previewPort: 8090,
      routes: [{ service: "backend", port: 3000, hosts: ["a.example"], path: "/api", checkPath: "/ok" }],
      fragment: "docker/tls.conf",
      fragmentFiles: ["secrets/tls.pem"],
      fragmentPorts: ["443:8443"],
      image: "nginx:1.28-alpine",
    });
  });

  it.each([
    ["a colour that is no environment", ['"colours": ["blue", "gren"]', ...PORTS, WEB], "5:25 environment-unknown"],
    ["a colour twice", ['"colours": ["blue", "blue"]', ...PORTS, WEB], "5:17 value-invalid"],
    ["one port for both entrances", ['"port": 8080', '"preview_port": 8080', WEB], "6:21 value-invalid"],
    ["an unknown service", [...PORTS, '"routes": [{ "service": "wep", "port": 80 }]'], "7:29 service-unknown"],
    ["a fragment elsewhere", [...PORTS, WEB, '"config": "../x.cfg"'], "8:15 path-outside-project"],
    ["an unknown key", [...PORTS, WEB, '"admin_port": 9999'], "8:5 key-unknown"],
    ["no routes", PORTS, "4:3 key-missing"],
  ])("reports %s where it stands", (_, router, place) => {
    expect(problems(withRouter(router))).toEqual([`docker/build-config.json:${place}`]);
  });

  it("refuses colours whose names mean something else, and suggests what was meant", () => {
    const rest = '\n  "x-note": 1,';
    const reserved = withRouter(['"colours": ["blue_fb", "none"]', ...PORTS, WEB], rest);
    expect(diagnose(reserved).map(({ message }) => message)).toEqual([
      "`blue_fb` cannot be a colour",
      "`none` cannot be a colour",
    ]);
    const [misspelt] = diagnose(withRouter(['"colours": ["blue", "gren"]', ...PORTS, WEB]));
    expect(misspelt?.hint).toContain("`green`");
  });

  it("reports nothing on top of a broken declaration", () => {
    const files = {
      "docker/build-config.json": `{ "services": 1, "environments": 2, "router": { ${[...PORTS, WEB].join(",")} } }`,
    };
    expect(problems(files)).toHaveLength(2);
  });
});
