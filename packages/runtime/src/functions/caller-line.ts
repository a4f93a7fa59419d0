/** Where the program called into tfjs: the first line of a stack that is neither tfjs' nor this package's. */
const ownFolder = new URL('..', import.meta.url).pathname;

/** @param error by default one made here. */
export function callerLine(error: Error = new Error()): string {
  const lines = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const isForeign = (line: string) =>
    !line.includes('/@tensorflow/') && !line.includes(ownFolder) && !line.includes('(node:') && /:\d+:\d+/.test(line);
  const line = lines.find(isForeign);
  return line === undefined
    ? 'an unknown line'
    : line
        .trim()
        .replace(/^at (?:.*\()?(.*?)\)?$/, '$1')
        .replace('file://', '');
}
