import { Script } from 'node:vm';
import tf from '@chorus/tfjs';
import type { Results } from './compile.ts';

/**
 * Creates a function as in a user's file, outside this package: line numbers in errors are those of `text`.
 *
 * @param text an arrow function of tensors, with access to `tf` and the entries of `scope`.
 */
export function program(text: string, scope: Record<string, unknown> = {}): (...inputs: tf.Tensor[]) => Results {
  const names = ['tf', ...Object.keys(scope)];
  // The first line of the text is the first line of the file.
  const make = new Script(`(${names}) => ${text}`, { filename: '/user/program.js' }).runInThisContext();
  return make(tf, ...Object.values(scope));
}
