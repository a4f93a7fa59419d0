/** Finds learning rates for the stages of an experiment by sweeps over them. */
import { initRuntime, prepareProcess, type RuntimeOptions } from '@chorus/runtime';
import {
  type ComputeSettings,
  fewestSweepSteps,
  type LearningRate,
  type RateSuggestion,
  type RateSweep,
  type StageName,
  StoppedError,
  suggestRate,
  sweepRates,
} from '@chorus/training';
import { ConfigError } from '../errors.ts';
import { resolveExperiment } from '../experiment/resolve.ts';
import type { Experiment, ExperimentInput } from '../experiment/schema.ts';
import type { PlannedMember } from '../plan/plan-training.ts';
import { observerFrom, type RunObserver } from '../run/observer.ts';
import { prepareRun } from '../run/preparation.ts';
import { stopOn } from '../run/stop-on.ts';

export interface FindRatesOptions {
  /** Names of the members to sweep; by default all. */
  members?: readonly string[];
  /** Stages to sweep, as in the plan; by default all. */
  stages?: readonly string[];
  /** Rate of the first step; by default 1e-7. */
  lowest?: number;
  /** Rate of the last step; by default 1. */
  highest?: number;
  /** Maximum number of steps of a sweep, at least 16; a sweep has at most those of an epoch. By default 100. */
  stepCount?: number;
  observer?: Partial<RunObserver>;
  /** Stops before the next batch; `findRates` then throws StoppedError. */
  signal?: AbortSignal;
}

/** The sweep over one stage of one member. */
export interface FoundRate {
  member: string;
  stage: StageName;
  /** Path of the rate in the experiment, such as `recipe.head.learningRate`. */
  key: string;
  /** The rate in the experiment: with a schedule, its highest. */
  planned: LearningRate;
  sweep: RateSweep;
  /** Undefined if the loss diverged too early. */
  suggestion: RateSuggestion | undefined;
}

/**
 * Sweeps over the learning rates of members' stages, one after another, on the first planned device; TensorFlow runs in the
 * calling thread. Creates no run folder.
 *
 * @throws ConfigError for unknown members or stages and invalid rates; TrainingError for too few images; and the errors that
 * `train` throws before it creates a run folder.
 */
export async function findRates(
  input: Partial<ExperimentInput>,
  { members, stages, lowest = 1e-7, highest = 1, stepCount = 100, observer, signal }: FindRatesOptions = {},
): Promise<FoundRate[]> {
  if (!(lowest >= lowestRate && highest > lowest && highest <= highestRate))
    throw new ConfigError(
      `Expected rates from ${lowestRate} to ${highestRate}, the first below the last; received ${lowest} and ${highest}.`,
    );
  if (!(Number.isInteger(stepCount) && stepCount >= fewestSweepSteps))
    throw new ConfigError(`Expected a whole number of at least ${fewestSweepSteps} steps, received ${stepCount}.`);
  prepareProcess();
  const { stop, unlisten } = stopOn(signal);
  try {
    const run = observerFrom(observer);
    // Sweeps are of the stages as planned without a budget.
    const { timeBudgetSeconds: _, ...unlimited } = input;
    const experiment = withOneCpuDevice(resolveExperiment(unlimited));
    requireMembers(experiment, members);
    const prepared = await prepareRun(experiment, { folder: undefined, stop, ...(signal && { signal }) }, run);
    const { plan, dataset, lanes } = prepared;
    const chosen = plan.members.filter(({ plan: { name } }) => members?.includes(name) ?? true);
    const swept = chooseStages(chosen, stages);
    const [device, compute] = [lanes.lanes[0], prepared.compute[0]] as [RuntimeOptions, ComputeSettings];
    const lane = { ...initRuntime(device), compute, stop, observer: run };
    const found: FoundRate[] = [];
    for (const { plan: member, trainings } of chosen) {
      const { fold, seed } = trainings[0]!;
      const { fit, tune, outOfFold } = dataset.split.folds[0]!;
      const sweeps = await sweepRates(
        {
          ...{ kind: 'train', name: member.name, member, fold, seed, fit, tune, outOfFold },
          ...{ classes: dataset.classes, labels: dataset.labels, folder: '', keepsWeights: false },
          pixels: dataset.pixels.get(member.backbone.inputSize)!,
          reads: new SharedArrayBuffer(dataset.images.length),
        },
        lane,
        { stages: swept, lowest, highest, stepCount },
      );
      for (const sweep of sweeps) {
        const { learningRate } = member.stages.find(({ name }) => name === sweep.stage)!;
        const key = `recipe.${recipeKeyOf(sweep.stage)}.learningRate`;
        const suggestion = suggestRate(sweep);
        found.push({ member: member.name, stage: sweep.stage, key, planned: learningRate, sweep, suggestion });
      }
    }
    return found;
  } catch (error) {
    // After a stop request, any failure counts as the stop.
    if (!stop.raised) throw error;
    throw new StoppedError('The search was stopped; nothing was written.');
  } finally {
    unlisten();
  }
}

// --- internal ---

/** Training steps take rates as float32, of which the smallest precise one is about 1e-38. */
const lowestRate = 1e-37;
const highestRate = 1e37;

function recipeKeyOf(stage: StageName): keyof Experiment['recipe'] {
  // `fine-tune`, and the stages before it that train fewer blocks.
  return stage === 'head' || stage === 'whole' ? stage : 'fineTune';
}

/** Without named workers, a single CPU device has all processors: sweeps run one after another. */
function withOneCpuDevice(experiment: Experiment): Experiment {
  if (experiment.workers !== 'auto') return experiment;
  return { ...experiment, runtime: { ...experiment.runtime, logicalCpuDevices: 1 } };
}

function requireMembers({ members }: Experiment, names: readonly string[] | undefined): void {
  const known = members.map(({ name }) => name);
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new ConfigError(`Unknown member "${unknown}"; expected one of: ${known.join(', ')}.`);
}

function chooseStages(members: readonly PlannedMember[], names: readonly string[] | undefined): StageName[] {
  const known = [...new Set(members.flatMap(({ plan }) => plan.stages.map(({ name }) => name)))];
  const unknown = names?.find((name) => !known.some((one) => one === name));
  if (unknown !== undefined) throw new ConfigError(`Unknown stage "${unknown}"; the plan has: ${known.join(', ')}.`);
  return known.filter((name) => names === undefined || names.includes(name));
}
