import { describe, expect, it } from "vitest";
import { chunkGenerations, privateCacheBytes } from "../../../src/docker/cache.ts";
import { parseCacheRecord, parseDiskUsage, parseImageContents } from "../../../src/docker/disk-answers.ts";
import { accountedBytes, parseDiskFree } from "../../../src/docker/disk-usage.ts";
import { exactIds } from "../../../src/docker/engine-query.ts";
import { recordedJson } from "./recorded-output.ts";

describe("disk usage", () => {
  const usage = parseDiskUsage(recordedJson("system-df.json"));

  it("reads the parents of cache records under both spellings of the key", () => {
    expect(usage.cache.some((record) => record.parents.length > 0)).toBe(true);
    expect(parseCacheRecord({ ID: "a", Parents: ["b"] }).parents).toEqual(["b"]);
    expect(parseCacheRecord({ ID: "a", " Parents": ["b"] }).parents).toEqual(["b"]);
  });

  it("accounts images and the private part of the cache", () => {
    expect(usage.layersBytes).toBe(12_988_835_342);
    const shared = usage.cache.filter((record) => record.shared).reduce((sum, record) => sum + record.sizeBytes, 0);
    const all = usage.cache.reduce((sum, record) => sum + record.sizeBytes, 0);
    expect(shared).toBeGreaterThan(0);
    expect(privateCacheBytes(usage.cache)).toBe(all - shared);
    expect(accountedBytes(usage)).toBe(12_988_835_342 + all - shared);
  });

  it("falls back to the creation of a record that was never used", () => {
    expect(parseCacheRecord({ CreatedAt: "2026-11-23T21:00:00Z" }).lastUsedAtMs).toBe(
      Date.parse("2026-11-23T21:00:00Z"),
    );
  });
});

describe("what an image is made of on the containerd store", () => {
  const manifest = (Unpacked: number, Content: number) => ({ Size: { Content }, ImageData: { Size: { Unpacked } } });

  it("adds up all of its manifests that are there", () => {
    const attestation = { Size: { Content: 3 }, AttestationData: {} };
    const Manifests = [manifest(100, 40), attestation];
    expect(parseImageContents({ Manifests })).toEqual({ unpackedBytes: 100, contentBytes: 43 });
  });

  it("is unknown on the graph driver", () => {
    expect(parseImageContents({ Size: 5 })).toBeUndefined();
  });
});

describe("containers and volumes in the engine's account", () => {
  it("gives a container its writable bytes and its volumes, and no bind mount", () => {
    const Mounts = [
      { Type: "volume", Name: "data" },
      { Type: "bind", Source: "/srv" },
    ];
    const usage = parseDiskUsage({ Containers: [{ Id: "c", SizeRw: 7, Created: 2, Status: "Up 4 minutes", Mounts }] });
    expect(usage.containers[0]).toMatchObject({
      volumes: ["data"],
      writableBytes: 7,
      createdAtMs: 2_000,
      status: "Up 4 minutes",
    });
  });

  it("reads the size of a volume, which is -1 where the engine did not compute it", () => {
    const volume = (Size: number) => ({ Name: "v", Labels: { a: "b" }, UsageData: { Size } });
    const { volumes } = parseDiskUsage({ Volumes: [volume(9), volume(-1)] });
    expect(volumes.map(({ sizeBytes, labels }) => [sizeBytes, labels])).toEqual([
      [9, { a: "b" }],
      [0, { a: "b" }],
    ]);
  });
});

describe("the disk of another host", () => {
  it("is read from what df prints", () => {
    const busybox =
      "Filesystem           1024-blocks    Used Available Capacity Mounted on\n/dev/vda 1000 400 500 44% /\n";
    expect(parseDiskFree(busybox)).toEqual({ freeBytes: 500 * 1_024, totalBytes: 1_000 * 1_024 });
    const odd =
      "Filesystem 1024-blocks Used Available Capacity Mounted on\nmap auto home 9 4 5 44% /var/lib/my docker\n";
    expect(parseDiskFree(odd)).toEqual({ freeBytes: 5 * 1_024, totalBytes: 9 * 1_024 });
    expect(parseDiskFree("df: /nowhere: No such file or directory\n")).toBeUndefined();
  });
});

describe("the order of pruning", () => {
  const record = (id: string, ...parents: readonly string[]) => parseCacheRecord({ ID: id, Parents: parents });

  it("never asks for a record together with its child, and takes children first", () => {
    const records = [record("root"), record("a", "root"), record("b", "a"), record("c", "root", "b"), record("x")];
    const ids = ["root", "x", "a", "b", "c"];
    expect(chunkGenerations(ids, records)).toEqual([["x", "c"], ["b"], ["a"], ["root"]]);
  });

  it("asks for at most 50 at once, each once", () => {
    const ids = Array.from({ length: 120 }, (_, index) => `id${index}`);
    const chunks = chunkGenerations(ids, []);
    expect(chunks.map((chunk) => chunk.length)).toEqual([50, 50, 20]);
    expect(chunks.flat()).toEqual(ids);
  });

  it("names only the beginning of a long id that tells it from all others", () => {
    const pattern = exactIds(
      ["aaaaaaaaaabbbbb", "ccccccccccddddd", "short"],
      ["ccccccccccddddd", "ccccccccccddddx", "e"],
    );
    expect(pattern).toBe("^(aaaaaaaaaa|ccccccccccddddd$|short$)");
  });
});
