/**
 * Logistic regression on the members' concatenated pooled features. They must come from frozen backbones: each fold's model of a
 * fine-tuned member has features of its own.
 */
import { z } from 'zod';
import { ModelError } from '../errors.ts';
import { type FitContext, fittedNumbers, fittedSize, matrixRows, type StackerDefinition } from './definition.ts';
import { chooseStrength } from './features/choose-strength.ts';
import { fitRegression } from './features/regression.ts';
import { standardize } from './features/standardize.ts';
import { countRows, type MemberFeatures, type MemberOutputs, outputsPerImage } from './outputs.ts';
import { toProbabilities } from './probabilities.ts';

const stateSchema = z
  .strictObject({
    kind: z.literal('features'),
    ...fittedSize,
    /** The members whose features it reads, by their index, and the number of features of each. */
    members: z.array(z.strictObject({ index: z.int().min(0), width: z.int().min(1).max(100_000) })).min(1),
    /** Strength of the penalty, chosen by cross-validation. */
    strength: z.number().positive(),
    /** Per feature: a coefficient for each output; they apply to features that are not standardized. */
    kernel: fittedNumbers,
    /** Per output. */
    bias: fittedNumbers,
  })
  .refine(
    ({ memberCount, members }) =>
      members.every(
        ({ index }, position) => index < memberCount && (position === 0 || index > members[position - 1]!.index),
      ),
    'the members must be in ascending order and belong to the ensemble',
  )
  .refine(
    ({ classCount, members, kernel, bias }) =>
      bias.length === outputsPerImage(classCount) &&
      kernel.length === bias.length * members.reduce((sum, { width }) => sum + width, 0),
    'the number of coefficients does not fit its features and classes',
  );
type FeaturesState = z.output<typeof stateSchema>;

/** Share of the loss by which the final fit may miss its minimum. */
const tolerance = 1e-14;

export const features = {
  stateSchema,
  membersRead: ({ members }) => members.map(({ index }) => index),
  fit: fitFeatures,
  predict: predictFeatures,
  layers({ classCount, kernel, bias }, members, layers, form) {
    const inputs = layers.concatenate(
      members.map(({ output }) => output),
      'members',
    );
    const combined = layers.dense(inputs, 'combined', { kernel: matrixRows(kernel, bias.length), bias });
    return layers.probabilities(combined, classCount, form, form);
  },
} as const satisfies StackerDefinition<FeaturesState, undefined>;

// --- internal ---

/** @throws ModelError without features or images. */
function fitFeatures(
  logits: MemberOutputs,
  labels: ArrayLike<number>,
  { classCount, seed, rowWeights, features: byMember, onStep }: FitContext<undefined>,
): FeaturesState {
  const memberCount = logits.length;
  const rowCount = countRows(logits, memberCount, classCount);
  if (rowCount === 0 || byMember.size === 0)
    throw new ModelError(
      `Expected pooled features of some images and members, received those of ${rowCount} images and ${byMember.size} members.`,
    );
  const members = [...byMember]
    .map(([index, { length }]) => ({ index, width: length / rowCount }))
    .toSorted((a, b) => a.index - b.index);
  const parts = partsOf(byMember, members, rowCount);
  const outputCount = outputsPerImage(classCount);
  const { values, width, means, scales } = standardize(parts, rowCount);
  const rows = Uint32Array.from({ length: rowCount }, (_, row) => row);
  const data = { values, width, labels, rowWeights, rows, outputCount };
  const { strength, start } = chooseStrength(data, { seed, onStep });
  const coefficients = fitRegression(data, { strength, tolerance, onStep, ...(start && { start }) });
  const kernel = Array.from({ length: width * outputCount }, (_, index) => {
    const [feature, output] = [Math.floor(index / outputCount), index % outputCount];
    return coefficients[output * (width + 1) + feature]! * scales[feature]!;
  });
  const bias = Array.from({ length: outputCount }, (_, output) => {
    const offset = means.reduce((sum, mean, feature) => sum + mean * kernel[feature * outputCount + output]!, 0);
    return coefficients[output * (width + 1) + width]! - offset;
  });
  return { kind: 'features', memberCount, classCount, members, strength, kernel, bias };
}

function predictFeatures(
  { memberCount, classCount, members, kernel, bias }: FeaturesState,
  logits: MemberOutputs,
  byMember: MemberFeatures,
): Float32Array {
  const rowCount = countRows(logits, memberCount, classCount);
  const parts = partsOf(byMember, members, rowCount);
  const outputCount = bias.length;
  const combined = new Float32Array(rowCount * outputCount);
  const sums = new Float64Array(outputCount);
  for (let row = 0; row < rowCount; row += 1) {
    sums.set(bias);
    let at = 0;
    for (const [position, { width }] of members.entries()) {
      const part = parts[position]!;
      for (let feature = row * width; feature < (row + 1) * width; feature += 1)
        for (let output = 0; output < outputCount; output += 1) {
          sums[output]! += kernel[at]! * part[feature]!;
          at += 1;
        }
    }
    combined.set(sums, row * outputCount);
  }
  return toProbabilities(combined, classCount);
}

/** @throws ModelError naming the member whose features are missing, of another width or not finite. */
function partsOf(byMember: MemberFeatures, members: FeaturesState['members'], rowCount: number): Float32Array[] {
  return members.map(({ index, width }) => {
    const part = byMember.get(index);
    if (part === undefined || !Number.isInteger(width) || part.length !== rowCount * width)
      throw new ModelError(
        `Expected ${width} features for each of ${rowCount} images from member ${index}, received ${part?.length ?? 'no'} numbers.`,
      );
    const broken = part.findIndex((value) => !Number.isFinite(value));
    if (broken !== -1)
      throw new ModelError(
        `Expected finite features, received ${part[broken]} from member ${index} at index ${broken}.`,
      );
    return part;
  });
}
