/** Seconds per unit, by every name of the unit. */
const units: ReadonlyMap<string, number> = new Map(
  [
    { names: ['s', 'sec', 'second', 'seconds'], seconds: 1 },
    { names: ['m', 'min', 'minute', 'minutes'], seconds: 60 },
    { names: ['h', 'hour', 'hours'], seconds: 3600 },
    { names: ['d', 'day', 'days'], seconds: 86_400 },
  ].flatMap(({ names, seconds }) => names.map((name) => [name, seconds] as const)),
);

/**
 * Reads a duration, such as `90s`, `1.5h` or `1h 30m`.
 *
 * @returns seconds, at least 1; undefined if the text is not a duration: without a unit, with a sign, or with the same or a larger unit after another one.
 */
export function parseDuration(text: string): number | undefined {
  if (!/^\s*(\d+(\.\d+)?\s*[a-z]+\s*)+$/i.test(text)) return undefined;
  let seconds = 0;
  let lastUnit = Number.POSITIVE_INFINITY;
  for (const [, number, name] of text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/gi)) {
    const unit = units.get(name!.toLowerCase());
    if (unit === undefined || unit >= lastUnit) return undefined;
    seconds += Number(number) * unit;
    lastUnit = unit;
  }
  return seconds >= 1 && Number.isFinite(seconds) ? seconds : undefined;
}
