import type { Router } from "../../model/router.ts";
import { HaproxyRouter } from "./haproxy.ts";
import { NginxRouter } from "./nginx.ts";
import type { RouterSite } from "./router-container.ts";

/** The router of a project, by its driver. Nothing is asked before the first call. */
export function openRouter(site: RouterSite): Router {
  return site.config.driver === "haproxy" ? new HaproxyRouter(site) : new NginxRouter(site);
}
