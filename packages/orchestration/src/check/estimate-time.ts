/** How long a run takes: its passes over the images, counted in the cost of training steps, at this machine's speed. */
import { partNames } from '@chorus/data';
import { type BackboneFamily, memberCost } from '@chorus/models';
import { backboneSpecOf, type Experiment, type MemberSpec } from '../experiment/schema.ts';
import { sharesFeatures } from '../experiment/tasks.ts';
import type { MachineSpeed } from './measure-speed.ts';

/** Images of a run, as far as they decide its time. */
export interface TimedImages {
  training: number;
  test: number;
}

export interface TimedMachine extends MachineSpeed {
  laneCount: number;
  /** Whether lanes share processors, so that one that works alone is faster. */
  sharesProcessors: boolean;
  /** Whether training steps of a backbone compute in bfloat16. */
  isBfloat16(family: BackboneFamily): boolean;
}

/**
 * Wall time of training, stacking and testing, without decoding; seconds.
 *
 * @returns [least, most]: early stopping ends a stage after its patience, or never; either way the arithmetic is rough, so
 * that the least is lowered and the most is raised.
 */
export function estimateSeconds(
  experiment: Experiment,
  images: TimedImages,
  machine: TimedMachine,
): [least: number, most: number] {
  const wall = (ends: 'early' | 'late') => {
    const tasks = experiment.members.flatMap((member) => memberTasks(member, experiment, images, machine, ends));
    const perLane = tasks.reduce((sum, seconds) => sum + seconds, 0) / machine.laneCount;
    const alone = machine.sharesProcessors ? Math.min(machine.laneCount, 2) : 1;
    return machine.startSeconds + Math.max(perLane, Math.max(...tasks) / alone);
  };
  return [0.75 * wall('early'), 1.5 * wall('late') + finishSeconds];
}

// --- internal ---

/** A forward pass of an image, in training steps of it; measured on a CPU: 0.21 to 0.31. */
const forwardShare = 0.26;
/** A step in bfloat16, in steps in float32; measured: 0.65 and 0.75. */
const bfloat16Share = 0.7;
/** A step of the head alone on features in memory, seconds; measured: 0.3 to 1.5 ms. */
const headStepSeconds = 0.001;
/** Stackers, bundle and report. */
const finishSeconds = 2;

/** Layers of each backbone, as Keras counts them. */
export const layerCounts: Readonly<Record<BackboneFamily, number>> = {
  mobilenet: 86,
  'mobilenet-v2': 154,
  'inception-v3': 311,
  xception: 132,
};

/** Seconds of each task of a member on one lane, the tests of its models among them. */
function memberTasks(
  member: MemberSpec,
  experiment: Experiment,
  { training, test }: TimedImages,
  machine: TimedMachine,
  ends: 'early' | 'late',
): number[] {
  const { recipe, stacking, testTimeAugmentation, weights, flaws } = experiment;
  const secondsPerStep = (memberCost(backboneSpecOf(member, experiment)) * machine.laneCount) / machine.costPerSecond;
  const trainStep = secondsPerStep * (machine.isBfloat16(member.backbone) ? bfloat16Share : 1);
  const forward = secondsPerStep * forwardShare;
  const views = testTimeAugmentation ? 2 : 1;
  const epochsOf = ({ epochCount, patience }: { epochCount: number; patience: number }) =>
    ends === 'late' || flaws.lastEpoch ? epochCount : Math.min(epochCount, patience + 1);
  const parts = partNames(stacking);
  const rows = recipe.flip || testTimeAugmentation ? 2 : 1;
  const isShared = sharesFeatures(experiment);
  const layers = layerCounts[member.backbone];
  const { lastLayers } = recipe.fineTune;
  const share = Math.min(1, (lastLayers === 'all' ? layers : lastLayers) / layers);

  const seconds = parts.map((part) => {
    const { fit, tune, outOfFold } = setSizes(part, training, experiment);
    const compile = (machine.compileSeconds * layers) / layerCounts.mobilenet;
    const answers = isShared && lastLayers === 0 ? 0 : outOfFold * views * forward;
    if (weights === 'random' || flaws.wholeFromStart) {
      const epochs = epochsOf(recipe.whole);
      // From random weights BatchNorm's statistics are taken from one more pass.
      const passes = fit * trainStep + tune * forward + (weights === 'random' ? fit * forward : 0);
      return compile + epochs * passes + answers;
    }
    const features = isShared ? 0 : (fit * (recipe.flip ? 2 : 1) + tune) * forward;
    const head = epochsOf(recipe.head) * Math.ceil(fit / recipe.batchSize) * headStepSeconds;
    if (lastLayers === 0) return compile / 2 + features + head + answers;
    const prefix = (fit * (recipe.flip ? 2 : 1) + tune) * forward * (1 - share);
    const tuning = epochsOf(recipe.fineTune) * (fit * trainStep + tune * forward) * share;
    return 1.5 * compile + features + head + prefix + tuning + answers;
  });
  const shared = isShared ? [training * rows * forward] : [];
  const models = parts.includes('all') ? 1 : parts.length;
  return [...shared, ...seconds, models * test * views * forward];
}

/** Images of one training of a member. */
function setSizes(
  part: string,
  training: number,
  { split, stacking }: Pick<Experiment, 'split' | 'stacking'>,
): { fit: number; tune: number; outOfFold: number } {
  const outOfFold =
    stacking.kind === 'kfold' && part !== 'all'
      ? training / stacking.folds
      : stacking.kind === 'holdout'
        ? stacking.fraction * training
        : stacking.kind === 'training-images'
          ? training
          : 0;
  const learnt = stacking.kind === 'training-images' ? training : training - outOfFold;
  const tune = split.tune * learnt;
  return { fit: learnt - tune, tune, outOfFold };
}
