import type { RunObserver } from '@chorus/orchestration';
import { megabytes } from '../print/megabytes.ts';
import { printable } from '../print/printable.ts';

/** Prints downloads: a line per tenth, or per 10 MB if the length is unknown, and every notice. */
export function downloadLines(write: (line: string) => void): Pick<RunObserver, 'onDownload' | 'onNotice'> {
  const lastStep = new Map<string, number>();
  return {
    onDownload(name, bytes, totalBytes) {
      const step = Math.floor(bytes / (totalBytes === undefined ? 10e6 : totalBytes / 10));
      if (step === lastStep.get(name)) return;
      lastStep.set(name, step);
      const whole = totalBytes === undefined ? '' : ` of ${megabytes(totalBytes)}`;
      write(`downloading ${printable(name)}: ${megabytes(bytes)}${whole}`);
    },
    onNotice: (notice) => write(printable(notice)),
  };
}
