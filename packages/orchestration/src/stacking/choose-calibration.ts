/** The calibration of an ensemble, fitted and chosen on out-of-fold predictions before any test image is read. */
import { stratifiedFolds } from '@chorus/data';
import { argmax } from '@chorus/evaluation';
import {
  type Calibration,
  type CalibrationKind,
  calibrate,
  fitTemperature,
  fitVector,
  type LabeledRows,
} from '@chorus/models';
import type { CalibrationSetting } from '../experiment/calibration.ts';
import { predictInSlices, type Slices } from '../run/slices.ts';
import { type LabeledOutputs, lossesOf, meanOf, pairedGain } from './paired-losses.ts';
import { pickRows, placeRows } from './rows.ts';

type Fitted<Kind extends CalibrationKind> = Extract<Calibration, { kind: Kind }>;

export interface CalibrationChoice {
  /** The calibration to apply; null for none. */
  applied: Calibration | null;
  /** Why. */
  reason: string;
  /** By kind, fitted on all images, whether applied or not; without `vector` where there are too few images for it. */
  fitted: { temperature: Fitted<'temperature'>; vector?: Fitted<'vector'> };
  /** Cross-validated log losses in nats per image. */
  logLoss: { none: number; temperature: number; vector: number | null };
  /** The ensemble's probabilities for the images [images, classes], each calibrated by a fit on other images. */
  outOfFold: Float32Array;
}

export interface ChooseCalibrationOptions {
  setting: CalibrationSetting;
  classCount: number;
  seed: number;
  slices: Slices;
}

const foldCount = 5;
/** Vector scaling has two coefficients per class. */
const vectorLimits = { classes: 100, imagesPerClass: 20 };
/** With fewer errors, hardly anything limits how confident a calibration makes a classifier. */
const fewestErrors = 5;

/**
 * Fits calibrations and chooses one. With `auto`, one is applied if it lowers the cross-validated log loss by more than one
 * standard error of the difference: a temperature instead of nothing, and scales and biases instead of that. None is if fewer
 * than 5 images are classified wrongly.
 *
 * @param outOfFold the chosen stacker's cross-validated probabilities.
 * @throws StoppedError as {@link Slices.pause}.
 */
export async function chooseCalibration(
  outOfFold: LabeledOutputs,
  options: ChooseCalibrationOptions,
): Promise<CalibrationChoice> {
  const { setting, slices } = options;
  const { probabilities: none } = outOfFold;
  const temperature = await fitAndCrossValidate(fitTemperature, outOfFold, options);
  const vector =
    setting === 'vector' || hasEnoughForVector(outOfFold.labels, options.classCount)
      ? await fitAndCrossValidate(fitVector, outOfFold, options)
      : undefined;
  const losses = {
    none: lossesOf(none, outOfFold, options.classCount),
    temperature: temperature.losses,
    vector: vector?.losses,
  };
  await slices.pause();
  const { kind, reason } =
    setting === 'auto'
      ? choose(losses, errorCount(outOfFold, options.classCount))
      : { kind: setting, reason: 'set by the experiment' };
  const candidates = { temperature, vector, none: undefined };
  const chosen = candidates[kind];
  return {
    applied: chosen?.fitted ?? null,
    reason:
      chosen?.hasConverged === false ? `${reason}; its fit has not converged, and uses the best numbers found` : reason,
    fitted: { temperature: temperature.fitted, ...(vector && { vector: vector.fitted }) },
    logLoss: {
      none: meanOf(losses.none),
      temperature: meanOf(losses.temperature),
      vector: losses.vector ? meanOf(losses.vector) : null,
    },
    outOfFold: chosen?.outOfFold ?? none,
  };
}

// --- internal ---

type Fit<Fitted extends Calibration> = (
  rows: LabeledRows,
  pause: () => Promise<void>,
  onLimit: () => void,
) => Promise<Fitted>;

async function fitAndCrossValidate<Fitted extends Calibration>(
  fit: Fit<Fitted>,
  { probabilities, labels, weights }: LabeledOutputs,
  { classCount, seed, slices }: ChooseCalibrationOptions,
): Promise<{ fitted: Fitted; outOfFold: Float32Array; losses: Float64Array; hasConverged: boolean }> {
  const pause = () => slices.pause();
  let hasConverged = true;
  const onLimit = () => {
    hasConverged = false;
  };
  const fitted = await fit({ probabilities, labels, weights, classCount }, pause, onLimit);
  const outOfFold = new Float32Array(probabilities.length);
  const rowsOf = (indices: readonly number[]) => pickRows(probabilities, indices, classCount);
  for (const held of stratifiedFolds(labels, foldCount, seed)) {
    const isHeld = new Set(held);
    const others = Array.from(labels.keys()).filter((row) => !isHeld.has(row));
    const byOthers = await fit(
      {
        ...{ probabilities: rowsOf(others), classCount },
        labels: others.map((row) => labels[row]!),
        weights: weights && others.map((row) => weights[row]!),
      },
      pause,
      onLimit,
    );
    const calibrated = await predictInSlices(
      [rowsOf(held)],
      { rowCount: held.length, classCount },
      ([rows]) => calibrate(rows!, byOthers, classCount),
      slices,
    );
    placeRows(outOfFold, held, calibrated, classCount);
  }
  return { fitted, outOfFold, losses: lossesOf(outOfFold, { labels, weights }, classCount), hasConverged };
}

/** Of `none`, `temperature` and `vector`, the last one that is better than the one before by more than a standard error. */
function choose(
  losses: { none: Float64Array; temperature: Float64Array; vector: Float64Array | undefined },
  errors: number,
): { kind: 'none' | CalibrationKind; reason: string } {
  if (errors < fewestErrors)
    return {
      kind: 'none',
      reason: `${errors} of ${losses.none.length} out-of-fold images are classified wrongly: too few to calibrate by`,
    };
  let kind: 'none' | CalibrationKind = 'none';
  let reason: string | undefined;
  for (const other of ['temperature', 'vector'] as const) {
    const [now, next] = [losses[kind]!, losses[other]];
    if (next === undefined) continue;
    const { gain, standardError } = pairedGain(now, next);
    if (gain <= standardError) continue;
    const before = kind === 'none' ? '' : ` after ${kind} scaling`;
    reason = `${other} scaling lowers the cross-validated log loss${before} from ${shown(meanOf(now))} to ${shown(meanOf(next))}, by ${shown(gain)} ± ${shown(standardError)}`;
    kind = other;
  }
  return {
    kind,
    reason:
      reason ??
      `no calibration lowers the cross-validated log loss, ${shown(meanOf(losses.none))}, by more than a standard error`,
  };
}

function errorCount({ probabilities, labels }: LabeledOutputs, classCount: number): number {
  return labels.reduce((sum, label, row) => sum + Number(argmax(probabilities, row, classCount) !== label), 0);
}

function hasEnoughForVector(labels: Int32Array, classCount: number): boolean {
  const counts = new Uint32Array(classCount);
  for (const label of labels) counts[label]! += 1;
  return classCount <= vectorLimits.classes && counts.every((count) => count >= vectorLimits.imagesPerClass);
}

function shown(nats: number): string {
  return nats.toFixed(4);
}
