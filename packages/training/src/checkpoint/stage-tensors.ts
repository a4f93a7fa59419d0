/** The tensors of a training in progress: which a checkpoint keeps, and how they are restored. */
import type { Classifier, EpochWeights, FineTuneView, WeightSnapshot } from '@chorus/models';
import tf from '@chorus/tfjs';
import type { PausedStage } from '../fit-stage.ts';
import type { StagePlan } from '../plan.ts';
import type { StageFunctions } from '../stage-functions.ts';
import type { Checkpoint, TensorGroups, TrainingState } from './checkpoint-folder.ts';
import { assignStored, type NamedTensor, tableOf, tensorsFrom } from './tensor-file.ts';

/** What the stage of a training computes with; the caller keeps ownership. */
export interface OpenStage {
  view: FineTuneView;
  functions: StageFunctions;
}

/** The weights that some stages of a training change, BatchNorm's statistics included. All others are as they were initially. */
export function changedWeights(
  classifier: Classifier,
  stages: readonly Pick<StagePlan, 'trains' | 'batchNorm'>[],
): NamedTensor<tf.Variable>[] {
  const views = stages.map(({ trains, batchNorm }) => classifier.fineTuneView(trains, { batchNorm }));
  // A later stage may train the same weights.
  const weights = new Map(views.flatMap(namedWeights).map((weight) => [weight.name, weight]));
  return [...weights.values()];
}

/** What a stage keeps besides the weights. */
export function stageTensors(
  { view, functions }: OpenStage,
  { best, copies }: { best: WeightSnapshot | undefined; copies: readonly EpochWeights<WeightSnapshot>[] },
): TensorGroups {
  const snapshot = ({ values }: WeightSnapshot) =>
    namedWeights(view).map(({ name }, index) => ({ name, tensor: values[index]! }));
  const groups: [string, NamedTensor[]][] = [
    ['optimizer', slotsOf(functions)],
    ['averages', averagesOf(functions)],
    ['best', best === undefined ? [] : snapshot(best)],
    ...copies.map(({ weights }, index): [string, NamedTensor[]] => [copyName(index), snapshot(weights)]),
  ];
  return new Map(groups.filter(([, tensors]) => tensors.length > 0));
}

/**
 * Sets weights to those of a checkpoint.
 *
 * @throws StorageError when they do not fit.
 */
export function restoreWeights(weights: readonly NamedTensor<tf.Variable>[], checkpoint: Checkpoint): void {
  assignStored(weights, storedIn(checkpoint, 'weights'), whatOf(checkpoint, 'weights'));
}

/**
 * Restores what a stage keeps besides the weights.
 *
 * @returns where the stage continues, and its best weights if it keeps them; the caller disposes these and the copies.
 * @throws StorageError when the tensors do not fit; then nothing has to be disposed.
 */
export function restoreStage(
  { view, functions }: OpenStage,
  checkpoint: Checkpoint,
  { progress, stepCount, copies }: NonNullable<TrainingState['stage']>,
): { paused: Omit<PausedStage, 'retry'>; best: WeightSnapshot | undefined } {
  const stored = (name: string) => [storedIn(checkpoint, name), whatOf(checkpoint, name)] as const;
  const hasBest = checkpoint.tensors.has('best');
  const names = [...(hasBest ? ['best'] : []), ...copies.map((_, index) => copyName(index))];
  const snapshots: WeightSnapshot[] = [];
  tf.tidy(() => {
    const weights = tableOf(namedWeights(view));
    // All are read before the first one is kept.
    const values = names.map((name) => {
      const [group, what] = stored(name);
      return tensorsFrom(group, weights, what);
    });
    assignStored(slotsOf(functions), ...stored('optimizer'));
    assignStored(averagesOf(functions), ...stored('averages'));
    for (const one of values) snapshots.push(view.snapshot(one));
  });
  functions.optimizer.stepCount = stepCount;
  const best = hasBest ? snapshots.shift() : undefined;
  return { paused: { progress, copies: copies.map((copy, index) => ({ ...copy, weights: snapshots[index]! })) }, best };
}

// --- internal ---

function namedWeights({ weights }: FineTuneView): NamedTensor<tf.Variable>[] {
  return weights.map(({ layerName, weightName, variable }) => ({
    name: `${layerName}/${weightName}`,
    tensor: variable,
  }));
}

function slotsOf({ optimizer }: StageFunctions): NamedTensor<tf.Variable>[] {
  return optimizer.slots.map((tensor, index) => ({ name: `slot-${index}`, tensor }));
}

function averagesOf(functions: StageFunctions): NamedTensor<tf.Variable>[] {
  return functions.averages.map((tensor, index) => ({ name: `average-${index}`, tensor }));
}

function copyName(index: number): string {
  return `copy-${index}`;
}

function storedIn({ tensors }: Checkpoint, name: string) {
  return tensors.get(name) ?? { table: [], bytes: new Uint8Array() };
}

function whatOf({ path }: Checkpoint, name: string): string {
  return `${path}/${name}.bin`;
}
