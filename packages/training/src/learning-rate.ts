/** Learning rate schedules: the rate of each step of a stage, whose length is its `epochCount`, even if it ends early. */

/** How the learning rate of a stage changes; `value` is its highest. Factors are fractions of `value`. */
export type LearningRate = { value: number } & (
  | { kind: 'constant' }
  /** Rises linearly in the first `warmUp` (0..1) of the steps, then falls along half a cosine to `endFactor`. */
  | { kind: 'cosine'; warmUp: number; endFactor: number }
  /** Rises along half a cosine from `startFactor` in the first `warmUp` (0..1) of the steps, then falls to `endFactor`. */
  | { kind: 'one-cycle'; warmUp: number; startFactor: number; endFactor: number }
  /** Falls in every step, by `factorPerEpoch` in each epoch. */
  | { kind: 'exponential'; factorPerEpoch: number }
  /** Is multiplied by `factor` after every `everyEpochs` epochs. */
  | { kind: 'step'; factor: number; everyEpochs: number }
);

/** Place of a step in its stage; indices start at 0, `stepIndex` and `stepCount` are those within the epoch. */
export interface StepPlace {
  epochIndex: number;
  stepIndex: number;
  epochCount: number;
  stepCount: number;
}

/**
 * The learning rate of one step, in float64.
 *
 * `cosine` is Keras' CosineDecay, whose warm-up starts at the rate of the first of `warmUp + 1` equal increments, so that no step has
 * a rate of 0; `one-cycle` is PyTorch's OneCycleLR, with the momentum kept constant; `exponential` and `step` are Keras'
 * ExponentialDecay without and with `staircase`.
 *
 * A new kind of schedule needs a case here and in {@link LearningRate}.
 */
export function learningRateAt(schedule: LearningRate, at: StepPlace): number {
  const { value } = schedule;
  switch (schedule.kind) {
    case 'constant':
      return value;
    case 'cosine':
      return value * cosineFactor(schedule, at);
    case 'one-cycle':
      return value * oneCycleFactor(schedule, at);
    case 'exponential':
      return value * schedule.factorPerEpoch ** (at.epochIndex + at.stepIndex / at.stepCount);
    case 'step':
      return value * schedule.factor ** Math.floor(at.epochIndex / schedule.everyEpochs);
  }
}

// --- internal ---

type Kind<Name extends LearningRate['kind']> = Extract<LearningRate, { kind: Name }>;

function cosineFactor({ warmUp, endFactor }: Kind<'cosine'>, at: StepPlace): number {
  const [step, stepCount] = [stepOf(at), at.epochCount * at.stepCount];
  const warmUpCount = Math.min(Math.round(warmUp * stepCount), stepCount - 1);
  if (step < warmUpCount) return (step + 1) / (warmUpCount + 1);
  return alongCosine(1, endFactor, (step - warmUpCount) / (stepCount - warmUpCount));
}

function oneCycleFactor({ warmUp, startFactor, endFactor }: Kind<'one-cycle'>, at: StepPlace): number {
  const [step, stepCount] = [stepOf(at), at.epochCount * at.stepCount];
  // As in PyTorch, the highest rate may be between two steps, and the last step has the lowest.
  const peak = warmUp * stepCount - 1;
  if (step < peak) return alongCosine(startFactor, 1, step / peak);
  return alongCosine(1, endFactor, (step - peak) / (stepCount - 1 - peak));
}

/** Index of a step in its stage. */
function stepOf({ epochIndex, stepIndex, stepCount }: StepPlace): number {
  return epochIndex * stepCount + stepIndex;
}

/** From `start` to `end` along half a cosine; `progress` is 0..1. */
function alongCosine(start: number, end: number, progress: number): number {
  return end + ((start - end) * (1 + Math.cos(Math.PI * progress))) / 2;
}
