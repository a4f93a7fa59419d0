import { isDeepStrictEqual } from 'node:util';

/**
 * Describes the first difference between two values of plain data; the order of keys does not matter.
 *
 * @returns a path and both values, such as `member.stages.0.epochCount was 2, is now 3`; undefined if they are equal.
 */
export function planDifference(before: unknown, now: unknown): string | undefined {
  // Removes keys that are undefined, as writing to a file does.
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  return difference(plain(before), plain(now), []);
}

// --- internal ---

function difference(before: unknown, now: unknown, path: readonly string[]): string | undefined {
  if (isDeepStrictEqual(before, now)) return undefined;
  if (!isObject(before) || !isObject(now) || Array.isArray(before) !== Array.isArray(now))
    return `${path.join('.')} was ${describe(before)}, is now ${describe(now)}`;
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const first = keys.find((key) => !isDeepStrictEqual(before[key], now[key]))!;
  return difference(before[first], now[first], [...path, first]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function describe(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value);
}
