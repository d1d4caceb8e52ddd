import type { RouterConfig } from "../../../../src/model/router.ts";

/** The router with which the answers in test/fixtures were recorded, as far as they show it. */
export const SAMPLE: RouterConfig = {
  driver: "haproxy",
  colours: ["blue", "green"],
  port: 8080,
  previewPort: 8090,
  routes: [
    { service: "api", port: 8080, hosts: ["api.example", "*.api.test"], path: "/", checkPath: "/healthz" },
    { service: "api", port: 8080, hosts: [], path: "/api/" },
    { service: "web", port: 8080, hosts: [], path: "/" },
  ],
  fragmentFiles: [],
  fragmentPorts: [],
  image: "haproxy:2.6",
};
