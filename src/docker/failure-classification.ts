/** What lies behind a failed docker command, where its words tell. */
export type TroubleClass = "engine-unreachable" | "no-space" | "network" | "registry";

/** A class with the line that told. */
export interface ClassifiedTrouble {
  readonly trouble: TroubleClass;
  readonly line: string;
}

/** The engine cannot be reached, or went away in the middle. Asked first: its messages also speak of connections. */
const ENGINE_UNREACHABLE = [
  /cannot connect to the docker daemon/i,
  /failed to connect to the docker api/i,
  /is the docker daemon running/i,
  /error during connect/i,
  /permission denied while trying to connect to the docker (daemon|api)/i,
  /dial unix \S*docker\S*\.sock/i,
  /rpc error: code = Unavailable/,
  /closing transport due to|error reading from server|transport is closing|graceful_stop/i,
];

const NO_SPACE = [/no space left on device/i, /\bENOSPC\b/, /disk quota exceeded/i];

const NETWORK = [
  /no such host/i,
  /i\/o timeout/i,
  /tls handshake timeout/i,
  /connection (refused|reset by peer|timed out)/i,
  /network is unreachable|no route to host/i,
  /temporary failure (in name resolution|resolving)/i,
  /could not resolve host/i,
  /server misbehaving/i,
  /context deadline exceeded/i,
  /net\/http: request canceled/i,
  /\bunexpected EOF\b/,
  /httpReadSeeker: failed open/,
];

const REGISTRY = [
  /pull access denied|denied: requested access/i,
  /manifest (unknown|for .* not found)|name unknown|repository does not exist/i,
  /toomanyrequests|pull rate limit/i,
  /unauthorized: |authentication required|no basic auth credentials|failed to authorize|failed to fetch (oauth|anonymous) token/i,
  /failed to resolve (source metadata|reference)/i,
  /unexpected status( code| from [A-Z]+ request to)?.*\b(4\d\d|5\d\d)\b/i,
];

/**
 * What package managers print when the network fails within a RUN. Narrower than the list above, because the output of a RUN
 * may be anything: a failing unit test that prints ECONNREFUSED is no trouble with the network.
 */
const NETWORK_IN_RUN = [
  /^npm (err!|error) (code |errno )?(ECONNRESET|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ERR_SOCKET_TIMEOUT)\b/i,
  /^npm (err!|error) network\b/i,
  /^(curl|fatal: .*curl \d+): \((5|6|7|28|35|52|56)\)/i,
  /temporary failure (in name resolution|resolving)/i,
  /could not resolve host|wget: (bad address|unable to resolve)/i,
  /(NewConnectionError|ReadTimeoutError|ConnectTimeoutError|ConnectionResetError|NameResolutionError)/,
  /^(E|Err|W): ?.*(failed to fetch|unable to connect|connection failed|could not connect)/i,
  /^(error|info).*There appears to be trouble with your network connection/i,
];

/** BuildKit's exit code for "resource exhausted", which a message that is too large also causes. */
const EXIT_RESOURCE_EXHAUSTED = 102;

/** The class of what docker itself said (errors of BuildKit, the command line, compose), or undefined. */
export function classifyErrorLines(lines: readonly string[], exitCode?: number): ClassifiedTrouble | undefined {
  const found = firstMatch(lines, [
    ["engine-unreachable", ENGINE_UNREACHABLE],
    ["no-space", NO_SPACE],
    ["network", NETWORK],
    ["registry", REGISTRY],
  ]);
  if (found !== undefined) return found;
  const tooLarge = lines.some((line) => /message larger than max/.test(line));
  if (exitCode !== EXIT_RESOURCE_EXHAUSTED || tooLarge) return undefined;
  return { trouble: "no-space", line: lines.at(-1) ?? "BuildKit ran out of a resource" };
}

/** The class of what a failing RUN printed, or undefined. */
export function classifyRunOutput(lines: readonly string[]): ClassifiedTrouble | undefined {
  return firstMatch(lines, [
    ["no-space", NO_SPACE],
    ["network", NETWORK_IN_RUN],
  ]);
}

function firstMatch(
  lines: readonly string[],
  classes: readonly (readonly [TroubleClass, readonly RegExp[]])[],
): ClassifiedTrouble | undefined {
  for (const [trouble, patterns] of classes) {
    const line = lines.findLast((candidate) => patterns.some((pattern) => pattern.test(candidate)));
    if (line !== undefined) return { trouble, line: line.trim() };
  }
  return undefined;
}
