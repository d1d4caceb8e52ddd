/**
 * Lets all who ask while `read` is under way share the next call, so that any number of visitors costs one call at a time: on a
 * busy machine more of them share, instead of more work piling up. What they get was read after they asked.
 */
export function shareReads<Value>(read: () => Promise<Value>): () => Promise<Value> {
  let underWay: Promise<unknown> = Promise.resolve();
  let next: Promise<Value> | undefined;
  return () => {
    next ??= underWay.then(() => {
      next = undefined;
      const reading = read();
      underWay = reading.catch(() => undefined);
      return reading;
    });
    return next;
  };
}
