/** Chooses the strength of a regression's penalty by cross-validation, as scikit-learn's `LogisticRegressionCV`. */
import { generatorFor } from '../../random/generator-for.ts';
import { shuffle } from '../../random/shuffle.ts';
import { fitRegression, lossOf, type RegressionData, scoresOf } from './regression.ts';

const foldCount = 5;
/**
 * The strongest first. With few rows, nothing limits how confident a regression of many features becomes: it separates the rows
 * of each fold, and weaker penalties lower the loss of the others until one of them is wrong. Penalties weaker than 1 gave
 * higher losses on new photographs, except with a few rows.
 */
const strengths = [1e4, 1e3, 100, 10, 1] as const;
const fewRows = { most: 20, strength: 0.1 };
/** A share of 1e-2 already chose other strengths on photographs; 1e-3 chose those of exact fits. */
const tolerance = 1e-3;

export interface ChosenStrength {
  strength: number;
  /** The mean of the folds' coefficients, to start from; undefined if there are too few rows for two folds. */
  start: Float64Array | undefined;
}

/** @param options `seed`: of the folds. */
export function chooseStrength(
  data: RegressionData,
  { seed, onStep }: { seed: number; onStep: () => void },
): ChosenStrength {
  const folds = dealtFolds(data, seed).map((outOfFold) => {
    const isOutOfFold = new Set(outOfFold);
    const rows = data.rows.filter((row) => !isOutOfFold.has(row));
    return { fit: { ...data, rows }, outOfFold: { ...data, rows: outOfFold } };
  });
  let best: ChosenStrength & { loss: number } = {
    loss: Number.POSITIVE_INFINITY,
    strength: strengths[0],
    start: undefined,
  };
  if (folds.length < 2) return best;
  const coefficients: Float64Array[] = [];
  for (const strength of [...strengths, ...(data.rows.length <= fewRows.most ? [fewRows.strength] : [])]) {
    let loss = 0;
    for (const [index, { fit, outOfFold }] of folds.entries()) {
      const start = coefficients[index];
      const fitted = fitRegression(fit, { strength, tolerance, onStep, ...(start && { start }) });
      coefficients[index] = fitted;
      loss += lossOf(outOfFold, scoresOf(outOfFold, fitted, onStep));
    }
    // Weaker penalties overfit more, and take longer.
    if (loss >= best.loss) break;
    best = { loss, strength, start: meanOf(coefficients) };
  }
  return best;
}

// --- internal ---

/** Deals the rows of each class to folds in a random order; no fold is empty. */
function dealtFolds({ rows, labels }: RegressionData, seed: number): Uint32Array[] {
  const order = Array.from(rows);
  shuffle(order, generatorFor(seed, 'stacker/features folds'));
  order.sort((a, b) => labels[a]! - labels[b]!);
  const folds: number[][] = Array.from({ length: foldCount }, () => []);
  for (const [position, row] of order.entries()) folds[position % foldCount]!.push(row);
  return folds.filter((fold) => fold.length > 0).map((fold) => Uint32Array.from(fold).sort());
}

function meanOf(all: readonly Float64Array[]): Float64Array {
  return all[0]!.map((_, index) => all.reduce((sum, one) => sum + one[index]! / all.length, 0));
}
