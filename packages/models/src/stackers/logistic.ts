/**
 * Logistic regression on the members' logits: each class's logit is a weighted sum of what the members say of that
 * class, and a bias.
 *
 * With every weight 1 / members and no bias that is the mean of the logits, and there the fit is pulled: the fewer
 * held-out images there are, the nearer it stays.
 */
import { minimize } from './minimize.ts';
import { countRows, type MemberOutputs, outputsPerImage } from './outputs.ts';
import { toProbabilities } from './probabilities.ts';
import { rowLoss } from './row-loss.ts';

export interface LogisticModel {
  memberCount: number;
  classCount: number;
  /** Per output: a weight for each member, then the bias. */
  coefficients: number[];
}

/** A coefficient that lies d from the mean's costs d² / 2 times this many nats; so many images' evidence outweighs it. */
const priorStrength = 10;
/** Rows between two calls of `onStep`. */
const rowsPerStep = 256;

/** @param labels class of each image. */
export function fitLogistic(
  logits: MemberOutputs,
  labels: ArrayLike<number>,
  { classCount, onStep = () => {} }: { classCount: number; onStep?: () => void },
): LogisticModel {
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
      value += loss;
      for (const [output, slope] of slopes.entries()) {
        const first = output * stride;
        for (const [member, one] of logits.entries())
          gradient[first + member]! += slope * one[row * outputCount + output]!;
        gradient[first + memberCount]! += slope;
      }
    }
    return { value, gradient };
  };
  // So curved is the function that no coefficient is then further than 1e-7 from the minimum's.
  const coefficients = minimize(evaluate, prior, 1e-7 * priorStrength);
  return { memberCount, classCount, coefficients: Array.from(coefficients) };
}

/** Per member logits [N, outputs] → probabilities [N, classCount]. */
export function predictLogistic(
  { memberCount, classCount, coefficients }: LogisticModel,
  logits: MemberOutputs,
): Float32Array {
  const rowCount = countRows(logits, memberCount, classCount);
  const outputCount = outputsPerImage(classCount);
  const combined = new Float32Array(rowCount * outputCount);
  for (let row = 0; row < rowCount; row += 1)
    combined.set(combineRow(logits, row, coefficients, outputCount), row * outputCount);
  return toProbabilities(combined, classCount);
}

// --- internal ---

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
