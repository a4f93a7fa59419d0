/** Finds the user's line that called tfjs: the first stack frame outside node, tfjs and this package. */
import { vendoredFolder } from '../native/vendored.ts';

const ownFolder = new URL('..', import.meta.url).pathname;

/** @param error whose stack is searched; by default a new error. */
export function callerLine(error: Error = new Error()): string {
  const lines = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const isForeign = (line: string) =>
    ![ownFolder, vendoredFolder, '/@tensorflow/', '(node:'].some((own) => line.includes(own)) && /:\d+:\d+/.test(line);
  const line = lines.find(isForeign);
  if (line === undefined) return 'an unknown line';
  // `at name (location)`, or `at location` for an anonymous function.
  const [, inBrackets, alone] = /^\s*at (?:[^(]*\((.*)\)|(?:async )?(.*))$/.exec(line)!;
  return (inBrackets ?? alone!).replace('file://', '');
}
