/** Calibrations adjust an ensemble's probabilities, so that they match the shares of images that it classifies correctly. */
import { z } from 'zod';
import { fittedNumbers } from '../stackers/definition.ts';
import { smallestProbability, softmaxRows } from '../stackers/probabilities.ts';

/** A fitted calibration: what the softmax is taken of, from the logarithms of the probabilities. */
export const calibrationSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    /** All logarithms divided by one number (Guo et al., 2017); above 1, probabilities become less confident. */
    kind: z.literal('temperature'),
    temperature: z.number().positive(),
  }),
  z
    .strictObject({
      /** Per class, the logarithm multiplied by a scale, plus a bias (Guo et al., 2017). */
      kind: z.literal('vector'),
      scales: fittedNumbers,
      biases: fittedNumbers,
    })
    .refine(({ scales, biases }) => scales.length === biases.length, 'expected a scale and a bias for each class'),
]);

export type Calibration = z.output<typeof calibrationSchema>;
export type CalibrationKind = Calibration['kind'];

/** Whether a calibration is for this number of classes. */
export function fitsClassCount(calibration: Calibration, classCount: number): boolean {
  return calibration.kind === 'temperature' || calibration.scales.length === classCount;
}

/**
 * Applies a calibration.
 *
 * @param probabilities [N, classCount]
 * @param calibration null for none.
 * @returns probabilities [N, classCount], each row summing to 1; the given array if there is no calibration.
 * @throws Error if the calibration is for another number of classes.
 */
export function calibrate(
  probabilities: Float32Array,
  calibration: Calibration | null,
  classCount: number,
): Float32Array {
  if (calibration === null) return probabilities;
  if (!fitsClassCount(calibration, classCount)) throw new Error(`expected a calibration of ${classCount} classes`);
  const { scaleOf, biasOf } = coefficientsOf(calibration);
  const logits = Float64Array.from(probabilities, (probability, index) => {
    const label = index % classCount;
    return scaleOf(label) * Math.log(Math.max(probability, smallestProbability)) + biasOf(label);
  });
  return Float32Array.from(softmaxRows(logits, classCount));
}

// --- internal ---

function coefficientsOf(calibration: Calibration) {
  if (calibration.kind === 'temperature') return { scaleOf: () => 1 / calibration.temperature, biasOf: () => 0 };
  return {
    scaleOf: (label: number) => calibration.scales[label]!,
    biasOf: (label: number) => calibration.biases[label]!,
  };
}
