import type { Failure, Result } from "../model/failure.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { parseJson, textAt } from "./json-value.ts";

/** An image to copy, by its exact id, and the tags that it gets at its new place. */
export interface TransferredImage {
  readonly id: string;
  readonly references: readonly string[];
}

/** How copying is watched. */
export interface TransferOptions extends EngineOptions {
  /** Called with what has passed so far, often. */
  readonly onBytes?: (bytes: number) => void;
}

/** The engine's answer to a load ends with an error in the stream, not with a status. */
const TAIL_LIMIT = 64 * 1024;

/**
 * Copies images from one engine to another in one stream (`docker save | docker load`), so that layers they share pass once, and
 * tags them there. Nothing is stored in between. Gives the bytes that passed. That the ids are the same afterwards is
 * checked; they are not where one engine keeps images in containerd and the other does not.
 */
export async function transferImages(
  from: Engine,
  to: Engine,
  images: readonly TransferredImage[],
  options: TransferOptions = {},
): Promise<Result<number>> {
  const query = images.map(({ id }) => `names=${encodeURIComponent(id)}`).join("&");
  const saved = await from.open({ method: "GET", path: `/images/get?${query}`, signal: options.signal });
  if (!saved.ok) return saved;
  let bytes = 0;
  const { Readable: readable } = process.getBuiltinModule("node:stream");
  const stream = readable.from(
    (async function* count(): AsyncGenerator<Buffer> {
      for await (const chunk of saved.value) {
        const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
        bytes += buffer.length;
        options.onBytes?.(bytes);
        yield buffer;
      }
    })(),
    { objectMode: false },
  );
  const load = { method: "POST", path: "/images/load", query: { quiet: "1" } } as const;
  const loaded = await to.request({ ...load, stream, signal: options.signal });
  if (!loaded.ok) {
    saved.value.destroy();
    return loaded;
  }
  const error = loadError(loaded.value.body);
  if (error !== undefined) return refused(error);
  const checked = await placeImages(to, images, options);
  return checked === undefined ? { ok: true, value: bytes } : { ok: false, failure: checked };
}

/** Gives images that an engine has the tags that they should have. Fails for one that it has not. */
export async function placeImages(
  engine: Engine,
  images: readonly TransferredImage[],
  options: EngineOptions = {},
): Promise<Failure | undefined> {
  for (const { id, references } of images) {
    const found = await engine.inspectImage(id, options);
    if (!found.ok) return found.failure;
    if (found.value?.id !== id) {
      return refusal(`it has no image ${id} afterwards; do both engines keep images the same way (containerd or not)?`);
    }
    const { tags } = found.value;
    for (const reference of references.filter((each) => !tags.includes(each))) {
      const tagged = await engine.tagImage(id, reference, options);
      if (!tagged.ok) return tagged.failure;
    }
  }
  return undefined;
}

function loadError(body: Buffer): string | undefined {
  for (const line of body.subarray(-TAIL_LIMIT).toString("utf8").split("\n")) {
    const error = textAt(parseJson(line), "error");
    if (error !== "") return error;
  }
  return undefined;
}

function refused(error: string): Result<never> {
  return { ok: false, failure: refusal(error) };
}

function refusal(error: string): Failure {
  return { reason: "engine-refused", request: "POST /images/load", status: 200, error };
}
