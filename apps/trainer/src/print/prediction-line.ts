import type { Prediction } from '@chorus/orchestration';
import { printable } from './printable.ts';

/**
 * A prediction on one line: the path, then the most probable classes with their probabilities in descending order, or those of the
 * prediction set, and whether to leave the image to a human. A set without classes is said to be empty, with the most probable class.
 */
export function predictionLine(
  { path, predicted, probabilities, accepted = true, set }: Prediction,
  classCount: number,
): string {
  const others = Object.entries(probabilities)
    .filter(([name]) => name !== predicted)
    .toSorted(([, a], [, b]) => b - a);
  const all = [[predicted, probabilities[predicted]!] as const, ...others];
  const shown = set === undefined ? all.slice(0, classCount) : all.filter(([name]) => set.includes(name));
  return [
    printable(path),
    ...(shown.length === 0
      ? [`(empty set: too uncertain for any class; the most probable is ${shownClass(all[0]!, ', ')})`]
      : []),
    ...shown.map((one) => shownClass(one, '  ')),
    ...(accepted ? [] : ['(unsure)']),
  ].join('  ');
}

// --- internal ---

function shownClass([name, probability]: readonly [string, number], separator: string): string {
  return `${printable(name)}${separator}${(100 * probability).toFixed(1)} %`;
}
