/** The corner of a chart in which good classifiers differ. */
import type { ThresholdCurve } from '@chorus/evaluation';

/** Upper end of the false positive rates worth showing: 1, unless all curves have risen long before. */
export function rocEnd(curves: readonly ThresholdCurve[]): number {
  const risen = curves.map(({ points }) => points.find(({ recall }) => recall >= 0.98)?.falsePositiveRate ?? 1);
  const end = 3 * Math.max(...risen);
  return end > 0.4 ? 1 : Math.max(0.02, Math.ceil(end * 100) / 100);
}

/** Lower end of the recalls worth showing, for a chart that ends at a false positive rate. */
export function rocFloor(curves: readonly ThresholdCurve[], end: number): number {
  if (end === 1) return 0;
  const early = curves.map(
    ({ points }) => points.filter(({ falsePositiveRate }) => falsePositiveRate <= end / 20).at(-1)!.recall,
  );
  return Math.max(0, Math.floor(10 * (Math.min(...early) - 0.05)) / 10);
}

/** Lower end of the precisions worth showing. */
export function precisionFloor(curves: readonly ThresholdCurve[]): number {
  const lowest = leastOf(
    curves.flatMap(({ points }) => points.filter(({ recall }) => recall <= 0.98).map(({ precision }) => precision)),
  );
  return Math.max(0, Math.floor(10 * (lowest - 0.02)) / 10);
}

/** The least of any number of values: `Math.min` takes no more than about 100,000 arguments, and a curve has a point per image. */
export function leastOf(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
}
