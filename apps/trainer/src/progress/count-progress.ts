/** Progress through many images: on a terminal one live line; elsewhere a line per tenth, at most one per second. */

/** Shortest time between two redraws, ms. */
const redrawMs = 100;
/** Shortest time between two lines, ms: a shorter step prints none. */
const lineMs = 1000;

export interface CountProgress {
  /** @param done images of `total`; a step of 32 or fewer images shows nothing. */
  update(step: string, done: number, total: number): void;
  /** Clears the live line, so that something else can be printed. */
  clear(): void;
}

/** @param now milliseconds since any moment. */
export function countProgress(
  stream: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>,
  now: () => number = () => performance.now(),
): CountProgress {
  const isLive = stream.isTTY && process.env.TERM !== 'dumb' && process.env.CI === undefined;
  let step = '';
  let startedAtMs = 0;
  let doneAtStart = 0;
  let shownAtMs = Number.NEGATIVE_INFINITY;
  let shownTenths = 0;
  let hasLine = false;
  const clear = () => {
    if (hasLine) stream.write('\r\u001b[K');
    hasLine = false;
  };
  return {
    clear,
    update(nextStep, done, total) {
      if (total <= 32) return;
      if (nextStep !== step) {
        clear();
        step = nextStep;
        [startedAtMs, doneAtStart] = [now(), done];
        [shownAtMs, shownTenths] = [isLive ? Number.NEGATIVE_INFINITY : startedAtMs, 0];
      }
      const seconds = (now() - startedAtMs) / 1000;
      // The first call comes after some images, whose time is unknown.
      const perSecond = (done - doneAtStart) / seconds;
      const rate = done > doneAtStart ? `, ${perSecond.toFixed(perSecond < 10 ? 1 : 0)} images/s` : '';
      const text = `${step} ${done} of ${total} images${rate}`;
      const tenths = Math.floor((10 * done) / total);
      if (!isLive) {
        if (tenths === shownTenths || now() - shownAtMs < lineMs) return;
        stream.write(`${text}\n`);
        [shownAtMs, shownTenths] = [now(), tenths];
      } else if (done === total) clear();
      else if (now() - shownAtMs >= redrawMs) {
        stream.write(`\r\u001b[K${text}`);
        [hasLine, shownAtMs] = [true, now()];
      }
    },
  };
}
