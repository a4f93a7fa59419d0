import type { Stats } from 'node:fs';

/** What something is that is no plain file, for the reason why it is skipped. */
export function describeKind(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder, not an image';
  if (stats.isFIFO()) return 'a named pipe, not an image';
  return stats.isSocket() ? 'a socket, not an image' : 'a device, not an image';
}
