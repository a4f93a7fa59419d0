/**
 * Logistic regression on the members' logits: each class's logit is a weighted sum of the members' logits of that class,
 * plus a bias.
 *
 * With all weights 1 / members and no bias, that is the mean of the logits. The fit is regularized towards this mean: the
 * fewer images there are, the closer it stays.
 */
import { z } from 'zod';
import {
  type FitContext,
  fittedNumbers,
  fittedSize,
  matrixRows,
  rowsPerStep,
  type StackerDefinition,
} from './definition.ts';
import { minimize } from './minimize.ts';
import { countRows, type MemberOutputs, outputsPerImage } from './outputs.ts';
import { toProbabilities } from './probabilities.ts';
import { rowLoss } from './row-loss.ts';

const stateSchema = z
  .strictObject({
    kind: z.literal('logistic'),
    ...fittedSize,
    /** Per output: a weight for each member, then the bias. */
    coefficients: fittedNumbers,
  })
  .refine(
    ({ memberCount, classCount, coefficients }) =>
      coefficients.length === (memberCount + 1) * outputsPerImage(classCount),
    'the number of coefficients does not fit its members and classes',
  );
type LogisticState = z.output<typeof stateSchema>;

/**
 * Strength of the prior: a coefficient at distance d from its value in the mean adds d² / 2 times this many nats to the loss, so
 * that many images outweigh it.
 */
const priorStrength = 10;

export const logistic = {
  stateSchema,
  fit: fitLogistic,
  predict: predictLogistic,
  layers({ classCount, coefficients }, members, layers, form) {
    const logits = layers.concatenate(
      members.map(({ output }) => output),
      'members',
    );
    const combined = layers.dense(logits, 'combined', kernelAndBias(coefficients, members.length));
    return layers.probabilities(combined, classCount, form, form);
  },
} as const satisfies StackerDefinition<LogisticState, undefined>;

/**
 * @param logits per member [N] for two classes (of the second), else [N, classCount].
 * @param labels class of each image.
 * @param context `rowWeights`: the weight of each image's loss, by default 1.
 */
export function fitLogistic(
  logits: MemberOutputs,
  labels: ArrayLike<number>,
  {
    classCount,
    rowWeights,
    onStep = () => {},
    onLimit,
  }: Pick<FitContext<undefined>, 'classCount'> &
    Partial<Pick<FitContext<undefined>, 'rowWeights' | 'onStep' | 'onLimit'>>,
): LogisticState {
  const memberCount = logits.length;
  const rowCount = countRows(logits, memberCount, classCount);
  const outputCount = outputsPerImage(classCount);
  const stride = memberCount + 1;
  const prior = Float64Array.from({ length: outputCount * stride }, (_, index) =>
    index % stride < memberCount ? 1 / memberCount : 0,
  );
  const evaluate = (coefficients: Float64Array) => {
    const distance = coefficients.map((coefficient, index) => coefficient - prior[index]!);
    const gradient = distance.map((one) => priorStrength * one);
    let value = distance.reduce((sum, one) => sum + (priorStrength / 2) * one ** 2, 0);
    for (let row = 0; row < rowCount; row += 1) {
      if (row % rowsPerStep === 0) onStep();
      const { loss, slopes } = rowLoss(combineRow(logits, row, coefficients, outputCount), labels[row]!);
      const weight = rowWeights?.[row] ?? 1;
      value += weight * loss;
      for (const [output, slope] of slopes.entries()) {
        const first = output * stride;
        for (const [member, one] of logits.entries())
          gradient[first + member]! += weight * slope * one[row * outputCount + output]!;
        gradient[first + memberCount]! += weight * slope;
      }
    }
    return { value, gradient };
  };
  // The prior makes the curvature at least priorStrength, so no coefficient is further than 1e-7 from its optimum.
  const coefficients = minimize(evaluate, prior, 1e-7 * priorStrength, onLimit);
  return { kind: 'logistic', memberCount, classCount, coefficients: Array.from(coefficients) };
}

// --- internal ---

function predictLogistic(
  { memberCount, classCount, coefficients }: LogisticState,
  logits: MemberOutputs,
): Float32Array {
  const rowCount = countRows(logits, memberCount, classCount);
  const outputCount = outputsPerImage(classCount);
  const combined = new Float32Array(rowCount * outputCount);
  for (let row = 0; row < rowCount; row += 1)
    combined.set(combineRow(logits, row, coefficients, outputCount), row * outputCount);
  return toProbabilities(combined, classCount);
}

/** Each class's logit depends on the members' logits of that class alone, so most of the kernel is 0. */
function kernelAndBias(coefficients: readonly number[], memberCount: number) {
  const byOutput = matrixRows(coefficients, memberCount + 1);
  const kernel = Array.from({ length: memberCount }, (_, member) =>
    byOutput.map((_, row) => byOutput.map((own, output) => (row === output ? own[member]! : 0))),
  ).flat();
  return { kernel, bias: byOutput.map((own) => own[memberCount]!) };
}

function combineRow(
  logits: MemberOutputs,
  row: number,
  coefficients: ArrayLike<number>,
  outputCount: number,
): Float64Array {
  const combined = new Float64Array(outputCount);
  const stride = logits.length + 1;
  for (let output = 0; output < outputCount; output += 1) {
    combined[output] = coefficients[output * stride + logits.length]!;
    for (const [member, one] of logits.entries())
      combined[output]! += coefficients[output * stride + member]! * one[row * outputCount + output]!;
  }
  return combined;
}
