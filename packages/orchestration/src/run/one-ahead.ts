/**
 * Prepares items one after the other, and the next one while the caller works on the current one.
 *
 * @param prepare its signal aborts with the given one, and when the caller leaves the loop early.
 * @throws the error of `prepare`, in place of its item.
 */
export async function* oneAhead<Item, Prepared>(
  items: Iterable<Item>,
  prepare: (item: Item, ended: AbortSignal) => Promise<Prepared>,
  signal?: AbortSignal,
): AsyncGenerator<Prepared> {
  const left = new AbortController();
  const ended = signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]);
  const iterator = items[Symbol.iterator]();
  const startNext = (): Promise<Prepared> | undefined => {
    const next = iterator.next();
    if (next.done) return undefined;
    const preparing = prepare(next.value, ended);
    // Avoids an unhandled rejection if it fails before it is awaited.
    preparing.catch(() => {});
    return preparing;
  };
  let coming = startNext();
  try {
    while (coming !== undefined) {
      const prepared: Prepared = await coming;
      coming = startNext();
      yield prepared;
    }
  } finally {
    left.abort();
    await coming?.catch(() => {});
  }
}
