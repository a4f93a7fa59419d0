import { Script } from 'node:vm';
import * as tf from '@tensorflow/tfjs';
import type { Results } from './compile.ts';

/**
 * A function as a user's program has it, in a file that is not this package's: lines of errors are those of `text`.
 *
 * @param text an arrow function, of tensors; in its reach are `tf` and what is in `scope`.
 */
export function program(text: string, scope: Record<string, unknown> = {}): (...inputs: tf.Tensor[]) => Results {
  const names = ['tf', ...Object.keys(scope)];
  // The text's first line is the file's.
  const make = new Script(`(${names}) => ${text}`, { filename: '/user/program.js' }).runInThisContext();
  return make(tf, ...Object.values(scope));
}
