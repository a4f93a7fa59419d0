/** Numbers and dates as text, beside those of the reports. */

/** A number of bytes: `340 kB`, `12.3 MB`, `3.9 GB`. */
export function fileSize(bytes: number): string {
  if (bytes < 1e6) return `${Math.ceil(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** A running time: `0:06`, `12:30`, `1:02:45`. */
export function clock(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
}

/** In the language of the browser: `29 Nov, 14:03`. */
export function moment(ms: number): string {
  return new Date(ms).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

/** What a run started from: `preset cpu`. */
export function presetOf({ preset }: { preset: string }): string {
  return preset === 'none' ? 'members of your own' : `preset ${preset}`;
}

/** A duration between two estimates: `2 – 5 min`, `40 – 70 s`. */
export function durationRange([low, high]: readonly [number, number]): string {
  const [unit, text] = high < 90 ? [1, 's'] : high < 5400 ? [60, 'min'] : [3600, 'h'];
  const digits = high / unit < 10 && unit > 1 ? 1 : 0;
  const [from, to] = [low, high].map((seconds) => Number((seconds / unit).toFixed(digits)));
  return from === to ? `${to} ${text}` : `${from} – ${to} ${text}`;
}
