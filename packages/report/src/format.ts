/** Numbers as text. */

/** A share in percent with one digit: `99.3 %`; `–` if it is unknown. */
export function percent(share: number | null | undefined, digits = 1): string {
  return share === null || share === undefined ? '–' : `${(100 * share).toFixed(digits)} %`;
}

/** A share in percent without needless zeros: `90 %`, `99.5 %`. */
export function roundPercent(share: number): string {
  return `${Number((100 * share).toFixed(2))} %`;
}

/** An interval in percent: `98.6 – 99.7 %`. */
export function percentRange([low, high]: readonly [number, number]): string {
  return `${(100 * low).toFixed(1)} – ${(100 * high).toFixed(1)} %`;
}

/** A number with so many significant digits, or `–`. */
export function number(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined) return '–';
  return Math.abs(value) >= 10 ** (digits - 1) ? Math.round(value).toLocaleString('en-US') : value.toPrecision(digits);
}

/** An integer with separators: `20,863,529`. */
export function integer(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Memory: `3.9 GB`. */
export function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** A duration: `0.8 s`, `41 s`, `3 min 17 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `1 image`, `2 images`. */
export function count(value: number, noun: string, plural = `${noun}s`): string {
  return `${integer(value)} ${value === 1 ? noun : plural}`;
}

/** Names in a sentence: `a`, `a and b`, `a, b and c`. */
export function listOf(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
