import type { Result } from "../../model/failure.ts";
import type { Colour, Router, RouterView, Traffic, TrafficCount } from "../../model/router.ts";
import {
  countTraffic,
  firstWords,
  parseMapFile,
  parseMapValue,
  parseServersState,
  parseStat,
} from "./haproxy-answers.ts";
import { HAPROXY_BACKENDS, HAPROXY_PLACES, HAPROXY_SERVERS } from "./haproxy-config.ts";
import { resolveTargets } from "./routed-targets.ts";
import type { RouterSite } from "./router-container.ts";
import { runInRouter } from "./router-container.ts";
import { formatTraffic, parseTraffic } from "./traffic-value.ts";

const { key, liveMap, previewMap, runtimePort } = HAPROXY_PLACES;

/** Sends commands, joined by `;`, to HAProxy's runtime API with whatever the image has; listens inside the container only. */
const ASK = `ask() {
  if command -v socat >/dev/null 2>&1; then printf '%s\\n' "$1" | socat -t 5 - TCP:127.0.0.1:${runtimePort}
  elif command -v nc >/dev/null 2>&1; then printf '%s\\n' "$1" | nc 127.0.0.1 ${runtimePort}
  elif command -v bash >/dev/null 2>&1; then
    bash -c 'exec 3<>/dev/tcp/127.0.0.1/${runtimePort} && printf "%s\\n" "$1" >&3 && cat <&3' bash "$1"
  else echo "the image has neither socat nor nc nor bash" >&2; return 1
  fi
}
`;

/** The file first: after a restart HAProxy knows only what is there. Replaced by rename, so that it is never half written. */
const WRITE = `write() {
  new="$1.new"
  printf '${key} %s\\n' "$2" >"$new" && sync "$new" && mv "$new" "$1" && sync "\${1%/*}"
}
`;

const SEPARATOR = "--";

/** HAProxy, switched through its runtime API by one key of a map: one atomic change for all services. */
export class HaproxyRouter implements Router {
  readonly driver = "haproxy";
  readonly #site: RouterSite;

  constructor(site: RouterSite) {
    this.#site = site;
  }

  async observe(signal?: AbortSignal): Promise<Result<RouterView>> {
    const script = `${ASK}cat "$1" 2>/dev/null; echo ${SEPARATOR}; ask "show map $1; show servers state"`;
    const answer = await runInRouter(this.#site, "show map", script, [liveMap], signal);
    if (!answer.ok) return answer;
    const { colours } = this.#site.config;
    const { targets } = resolveTargets(this.#site.config);
    const [file, memory] = splitOnce(answer.value, `${SEPARATOR}\n`);
    const word = parseMapValue(memory, key);
    const traffic = word === undefined ? undefined : parseTraffic(word, colours);
    if (traffic === undefined) {
      return failed("show map", word === undefined ? firstWords(memory) : `it routes to \`${word}\`, which is unknown`);
    }
    const written = parseMapFile(file, key);
    const persisted = written === undefined ? undefined : parseTraffic(written, colours);
    return { ok: true, value: { traffic, persisted, backends: parseServersState(memory, targets, colours) } };
  }

  async direct(traffic: Traffic, signal?: AbortSignal): Promise<Result<void>> {
    return await this.#set(liveMap, formatTraffic(traffic), signal);
  }

  async preview(colour: Colour, signal?: AbortSignal): Promise<Result<void>> {
    return await this.#set(previewMap, colour, signal);
  }

  async count(colour: Colour, signal?: AbortSignal): Promise<Result<TrafficCount>> {
    const answer = await runInRouter(this.#site, "show stat", `${ASK}ask "$1"`, ["show stat"], signal);
    if (!answer.ok) return answer;
    const rows = parseStat(answer.value);
    if (rows.length === 0) return failed("show stat", firstWords(answer.value));
    return { ok: true, value: countTraffic(rows, colour, resolveTargets(this.#site.config).targets) };
  }

  async closeWebsockets(colour: Colour, signal?: AbortSignal): Promise<Result<void>> {
    const commands = resolveTargets(this.#site.config).targets.flatMap(({ name }) =>
      HAPROXY_SERVERS.names(colour).map(
        (server) => `shutdown sessions server ${HAPROXY_BACKENDS.websockets(name, colour)}/${server}`,
      ),
    );
    const call = "shutdown sessions";
    const answer = await runInRouter(this.#site, call, `${ASK}ask "$1"`, [commands.join("; ")], signal);
    if (!answer.ok) return answer;
    // Silence is success.
    return answer.value.trim() === "" ? { ok: true, value: undefined } : failed(call, firstWords(answer.value));
  }

  async #set(map: string, word: string, signal?: AbortSignal): Promise<Result<void>> {
    const call = `set map ${map} ${key} ${word}`;
    const script = `${ASK}${WRITE}write "$1" "$2" && ask "$3; show map $1"`;
    const answer = await runInRouter(this.#site, call, script, [map, word, call], signal);
    if (!answer.ok) return answer;
    if (parseMapValue(answer.value, key) === word) return { ok: true, value: undefined };
    if (!answer.value.includes("entry not found")) return failed(call, firstWords(answer.value));
    return await this.#add(map, word, signal);
  }

  /** Somebody emptied the map in memory. */
  async #add(map: string, word: string, signal?: AbortSignal): Promise<Result<void>> {
    const call = `add map ${map} ${key} ${word}`;
    const answer = await runInRouter(this.#site, call, `${ASK}ask "$1"`, [`${call}; show map ${map}`], signal);
    if (!answer.ok) return answer;
    if (parseMapValue(answer.value, key) === word) return { ok: true, value: undefined };
    return failed(call, firstWords(answer.value));
  }
}

function failed(call: string, error: string): { readonly ok: false; readonly failure: RouterFailure } {
  return { ok: false, failure: { reason: "router-failed", call, error } };
}

/** What a router's own trouble is told as. */
interface RouterFailure {
  readonly reason: "router-failed";
  readonly call: string;
  readonly error: string;
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}
