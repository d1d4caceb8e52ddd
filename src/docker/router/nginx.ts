import type { Result } from "../../model/failure.ts";
import type { Colour, RoutedBackend, Router, RouterView, Traffic, TrafficCount } from "../../model/router.ts";
import { describeInstances } from "./haproxy-answers.ts";
import { NGINX_PLACES, renderNginxTraffic } from "./nginx-config.ts";
import { resolveTargets, routerAlias } from "./routed-targets.ts";
import type { RouterSite } from "./router-container.ts";
import { runInRouter } from "./router-container.ts";
import { formatTraffic, parseTraffic } from "./traffic-value.ts";

/** What the workers answer that take new connections. */
const ASK = `ask() {
  if command -v curl >/dev/null 2>&1; then curl -s "http://127.0.0.1:${NGINX_PLACES.statusPort}/"
  elif command -v wget >/dev/null 2>&1; then wget -q -O - "http://127.0.0.1:${NGINX_PLACES.statusPort}/"
  else busybox wget -q -O - "http://127.0.0.1:${NGINX_PLACES.statusPort}/"
  fi
}
`;
/** Reloading is asynchronous (about 300 ms): asked until five answers in a row come from the new workers, 5 s at most. */
const SWITCH = `old=$(cat "$1"); new="$1.new"
printf '%s' "$2" >"$new" && sync "$new" && mv "$new" "$1" && sync "\${1%/*}"
if ! nginx -t -q -c ${NGINX_PLACES.config}; then printf '%s\\n' "$old" >"$new"; mv "$new" "$1"; exit 1; fi
nginx -s reload -c ${NGINX_PLACES.config}
tries=0; same=0
while [ $same -lt 5 ]; do
  set -- "$1" "$2" "$3" "$4" $(ask)
  if [ "$3" = live ]; then word=$5; else word=$6; fi
  if [ "$word" = "$4" ]; then same=$((same + 1)); else same=0; sleep 0.05; fi
  tries=$((tries + 1)); [ $tries -lt 100 ] || { echo "the old workers still answer" >&2; exit 1; }
done
`;
const SEPARATOR = "--";

/**
 * nginx, switched by an included file and a reload. Weaker than HAProxy, and docs/router.md says how much: each reload may reset
 * kept connections, old workers finish what they have, nobody stands by, and there are no health checks.
 */
export class NginxRouter implements Router {
  readonly driver = "nginx";
  readonly #site: RouterSite;

  constructor(site: RouterSite) {
    this.#site = site;
  }

  async observe(signal?: AbortSignal): Promise<Result<RouterView>> {
    const { colours } = this.#site.config;
    const { targets } = resolveTargets(this.#site.config);
    const names = targets.flatMap(({ service, port }) =>
      colours.map((colour) => `${routerAlias(service, colour)}:${port}`),
    );
    const look = `for name in "$@"; do
  found=$(getent hosts "\${name%:*}" 2>/dev/null || nslookup "\${name%:*}" 127.0.0.11 2>/dev/null | sed -n '/^Name:/,$ s/^Address[^:]*: *//p')
  echo "$found" | while read -r address rest; do echo "$name $address"; done
done`;
    const script = `${ASK}head -n 1 ${NGINX_PLACES.live} 2>/dev/null; echo ${SEPARATOR}; ask; echo ${SEPARATOR}; ${look}`;
    const answer = await runInRouter(this.#site, "observe", script, names, signal);
    if (!answer.ok) return answer;
    const [file = "", memory = "", addresses = ""] = answer.value.split(`${SEPARATOR}\n`);
    const traffic = parseTraffic(memory.trim().split(" ")[0] ?? "", colours);
    if (traffic === undefined) {
      const error = memory.trim() === "" ? "nginx does not answer" : `it routes to \`${memory.trim()}\``;
      return { ok: false, failure: { reason: "router-failed", call: "observe", error } };
    }
    const known = addresses.split("\n").map((line) => splitLine(line));
    const backends = targets.flatMap(({ service, port }) =>
      colours.map((colour) => describeBackend(service, colour, port, known)),
    );
    return { ok: true, value: { traffic, persisted: parseTraffic(file.replace("#", "").trim(), colours), backends } };
  }

  async direct(traffic: Traffic, signal?: AbortSignal): Promise<Result<void>> {
    return await this.#switch("live", traffic, signal);
  }

  async preview(colour: Colour, signal?: AbortSignal): Promise<Result<void>> {
    return await this.#switch("preview", { to: "colour", colour, standby: false }, signal);
  }

  /** From the access log since the container started; open requests are unknown and count as 0. */
  async count(colour: Colour, signal?: AbortSignal): Promise<Result<TrafficCount>> {
    const script = `awk -v colour="$1" '$1 == colour && $4 == "-" { n++; if ($2 >= 500) bad++; sum += $3 }
END { print n + 0, bad + 0, (n ? sum / n * 1000 : 0) }' ${NGINX_PLACES.accessLog}`;
    const answer = await runInRouter(this.#site, "count", script, [colour], signal);
    if (!answer.ok) return answer;
    const [requests = 0, failed = 0, meanMs = 0] = answer.value.trim().split(" ").map(Number);
    const answerTimes = [{ backend: colour, answers: requests, meanMs, roundedUpMs: 0 }];
    return { ok: true, value: { requests, failed, retried: 0, openRequests: 0, openWebsockets: 0, answerTimes } };
  }

  /** Nothing can be ended one by one; the old workers end theirs when the application does. */
  async closeWebsockets(): Promise<Result<void>> {
    return { ok: true, value: undefined };
  }

  async #switch(entrance: "live" | "preview", traffic: Traffic, signal?: AbortSignal): Promise<Result<void>> {
    const text = renderNginxTraffic(entrance, traffic, this.#site.config.colours);
    const words = [NGINX_PLACES[entrance], text, entrance, formatTraffic(traffic)];
    const answer = await runInRouter(this.#site, `switch ${entrance}`, `${ASK}${SWITCH}`, words, signal);
    return answer.ok ? { ok: true, value: undefined } : answer;
  }
}

function splitLine(line: string): readonly [string, string] {
  const [name = "", address = ""] = line.split(" ");
  return [name, address];
}

/** nginx checks nothing by itself: a name that resolves counts as up. */
function describeBackend(
  service: string,
  colour: Colour,
  port: number,
  known: readonly (readonly [string, string])[],
): RoutedBackend {
  const name = `${routerAlias(service, colour)}:${port}`;
  const found = known.filter(([asked, address]) => asked === name && address !== "");
  const instances = found.map(([, address]) => ({ address: `${address}:${port}`, state: "up" }) as const);
  return describeInstances(service, colour, instances);
}
