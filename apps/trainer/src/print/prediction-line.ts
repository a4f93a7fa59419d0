import type { Prediction } from '@chorus/orchestration';
import { printable } from './printable.ts';

/** A prediction on one line: the path, then the most probable classes with their probabilities in descending order. */
export function predictionLine({ path, predicted, probabilities }: Prediction, classCount: number): string {
  const others = Object.entries(probabilities)
    .filter(([name]) => name !== predicted)
    .toSorted(([, a], [, b]) => b - a);
  const shown = [[predicted, probabilities[predicted]!] as const, ...others].slice(0, classCount);
  return [
    printable(path),
    ...shown.map(([name, probability]) => `${printable(name)}  ${(100 * probability).toFixed(1)} %`),
  ].join('  ');
}
