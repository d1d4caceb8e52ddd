import { describe, expect, it } from "vitest";
import { classifyErrorLines, classifyRunOutput } from "../../../src/docker/failure-classification.ts";

/** Messages that BuildKit, the docker command line and compose really print. */
const SAID: readonly (readonly [string, string | undefined])[] = [
  [
    "ERROR: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
    "engine-unreachable",
  ],
  [
    "ERROR: target slow: failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF",
    "engine-unreachable",
  ],
  [
    'error during connect: Get "http://10.0.0.7:2375/_ping": dial tcp 10.0.0.7:2375: connect: connection refused',
    "engine-unreachable",
  ],
  [
    'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/_ping": dial unix /var/run/docker.sock: connect: permission denied',
    "engine-unreachable",
  ],
  [
    "unable to get image 'web:1': Cannot connect to the Docker daemon at unix:///nope. Is the docker daemon running?",
    "engine-unreachable",
  ],
  [
    "ERROR: target copy: failed to solve: ResourceExhausted: failed to copy files: userspace copy failed: write /b: no space left on device",
    "no-space",
  ],
  ["Error response from daemon: mkdir /var/lib/docker/overlay2/x-init: no space left on device", "no-space"],
  ["failed to create temp dir: mkdir /var/lib/docker/tmp/buildkit-mount1: no space left on device", "no-space"],
  [
    'ERROR: failed to solve: x.invalid/a:1: failed to resolve source metadata for x.invalid/a:1: failed to do request: Head "https://x.invalid/v2/a/manifests/1": dial tcp: lookup x.invalid on 127.0.0.53:53: no such host',
    "network",
  ],
  ['Error response from daemon: Get "https://registry.example/v2/": net/http: TLS handshake timeout', "network"],
  ['Error response from daemon: Get "https://registry.example/v2/": context deadline exceeded', "network"],
  [
    'failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://cdn.example/x": read tcp 1.2.3.4:5->6.7.8.9:443: read: connection reset by peer',
    "network",
  ],
  ["Error response from daemon: toomanyrequests: You have reached your unauthenticated pull rate limit.", "registry"],
  [
    "Error response from daemon: pull access denied for web, repository does not exist or may require 'docker login'",
    "registry",
  ],
  [
    "ERROR: failed to solve: web:9: failed to resolve source metadata for docker.io/library/web:9: docker.io/library/web:9: not found",
    "registry",
  ],
  [
    'failed to resolve reference "ghcr.io/a/b:1": unexpected status from HEAD request to https://ghcr.io/v2/a/b/manifests/1: 403 Forbidden',
    "registry",
  ],
  ["Error response from daemon: manifest for web:9 not found: manifest unknown: manifest unknown", "registry"],
  ["unauthorized: authentication required", "registry"],
  [
    'ERROR: target fail: failed to solve: process "/bin/sh -c exit 7" did not complete successfully: exit code: 7',
    undefined,
  ],
  ["ERROR: target ok: failed to solve: dockerfile parse error on line 1: unknown instruction: group", undefined],
  [
    "ERROR: target ok: failed to solve: failed to read dockerfile: open none.Dockerfile: no such file or directory",
    undefined,
  ],
  ["Error response from daemon: Bind for 0.0.0.0:8080 failed: port is already allocated", undefined],
  ['service "web" depends on undefined service "database": invalid compose project', undefined],
];

/** Lines that programs within a RUN print. */
const PRINTED: readonly (readonly [string, string | undefined])[] = [
  ["dd: error writing '/big': No space left on device", "no-space"],
  ["npm error code ENOSPC", "no-space"],
  ["npm error code ECONNRESET", "network"],
  ["npm ERR! code ETIMEDOUT", "network"],
  ["npm error network This is a problem related to network connectivity.", "network"],
  ["E: Failed to fetch http://deb.example/pool/c/curl.deb  Could not connect", "network"],
  ["W: Failed to fetch http://deb.example/dists/x  Temporary failure resolving 'deb.example'", "network"],
  ["curl: (6) Could not resolve host: example.invalid", "network"],
  ["curl: (22) The requested URL returned error: 404", undefined],
  ["wget: bad address 'example.invalid'", "network"],
  ["urllib3.exceptions.NewConnectionError: <...>: Failed to establish a new connection", "network"],
  ["npm error code E404", undefined],
  ["npm error code ERESOLVE", undefined],
  ["  ✗ reconnects after ECONNREFUSED (12 ms)", undefined],
  ["AssertionError: expected 'connection refused' to be undefined", undefined],
  ["error: connection reset by peer is what the mock returns", undefined],
];

describe("classifyErrorLines", () => {
  it.each(SAID)("%s", (line, trouble) => {
    expect(classifyErrorLines([line])?.trouble).toBe(trouble);
  });

  it("prefers an unreachable engine to the network error that comes with it", () => {
    const lines = [
      "connection refused",
      "Cannot connect to the Docker daemon at tcp://x:1. Is the docker daemon running?",
    ];
    expect(classifyErrorLines(lines)).toEqual({ trouble: "engine-unreachable", line: lines[1] });
  });

  it("takes exit code 102 for a full disk unless a message was too large", () => {
    expect(classifyErrorLines(["ERROR: failed to solve: ResourceExhausted: x"], 102)?.trouble).toBe("no-space");
    expect(classifyErrorLines(["grpc: received message larger than max (5 vs. 4)"], 102)).toBeUndefined();
    expect(classifyErrorLines(["ERROR: failed to solve: ResourceExhausted: x"], 1)).toBeUndefined();
  });
});

describe("classifyRunOutput", () => {
  it.each(PRINTED)("%s", (line, trouble) => {
    expect(classifyRunOutput(["before", line, "after"])?.trouble).toBe(trouble);
  });
});
