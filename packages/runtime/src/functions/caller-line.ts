/** Where the program called into tfjs: the first line of a stack that is neither tfjs' nor this package's. */
import { vendoredFolder } from '../native/vendored.ts';

const ownFolder = new URL('..', import.meta.url).pathname;

/** @param error by default one made here. */
export function callerLine(error: Error = new Error()): string {
  const lines = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const isForeign = (line: string) =>
    ![ownFolder, vendoredFolder, '/@tensorflow/', '(node:'].some((own) => line.includes(own)) && /:\d+:\d+/.test(line);
  const line = lines.find(isForeign);
  if (line === undefined) return 'an unknown line';
  // `at name (place)`, or `at place` where the function has no name.
  const [, inBrackets, alone] = /^\s*at (?:[^(]*\((.*)\)|(?:async )?(.*))$/.exec(line)!;
  return (inBrackets ?? alone!).replace('file://', '');
}
