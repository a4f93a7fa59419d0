import { printable } from '../print/printable.ts';

/** A line at each tenth of a download, or at each 10 MB where its length is not known. */
export function downloadLines(write: (line: string) => void) {
  const lastStep = new Map<string, number>();
  return (name: string, bytes: number, totalBytes: number | undefined): void => {
    const step = Math.floor(bytes / (totalBytes === undefined ? 10e6 : totalBytes / 10));
    if (step === lastStep.get(name)) return;
    lastStep.set(name, step);
    const megabytes = (count: number) => `${(count / 1e6).toFixed(1)} MB`;
    write(
      `downloading ${printable(name)}: ${megabytes(bytes)}${totalBytes === undefined ? '' : ` of ${megabytes(totalBytes)}`}`,
    );
  };
}
