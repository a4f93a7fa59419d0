/** Plans a run without running it. */

import { prepareProcess } from '@chorus/runtime';
import { StoppedError } from '@chorus/training';
import { choiceLines } from './budget/choice-lines.ts';
import { applyChoice, type PlannedChoice, planWithin } from './budget/plan-within.ts';
import { type StartedBudget, unranked } from './budget/start-budget.ts';
import { measureSpeed } from './check/measure-speed.ts';
import type { ExperimentInput } from './experiment/schema.ts';
import { estimateSeconds } from './plan/estimate-time.ts';
import type { TrainingPlan } from './plan/plan-training.ts';
import { timedMachine } from './plan/timed-machine.ts';
import { observerFrom } from './run/observer.ts';
import { prepareRun, type RunEstimates } from './run/preparation.ts';
import { stopOn } from './run/stop-on.ts';
import type { TrainOptions } from './train.ts';

export interface RunPlan extends RunEstimates {
  /** Absolute path of the future run folder. */
  folder: string;
  /** Devices, one lane each. */
  lanes: string[];
  plan: TrainingPlan;
  /** With a time budget: what would be chosen before the members are ranked, one line each. */
  timeBudgetLines?: string[];
  /** Estimated time of training, stacking and testing, without decoding: [least, most]. */
  seconds: [least: number, most: number];
}

/**
 * Plans a run as `train` does, including downloads, setup and decoding, but creates no run folder. Estimates the time from a few
 * seconds of training steps on this machine.
 *
 * @throws the errors that `train` throws before it creates a run folder.
 */
export async function planRun(
  experiment: Partial<ExperimentInput>,
  { signal, observer, ...options }: Omit<TrainOptions, 'resume' | 'preset'> = {},
): Promise<RunPlan> {
  prepareProcess();
  const { stop, unlisten } = stopOn(signal);
  try {
    const preparation = await prepareRun(
      experiment,
      { ...options, ...(signal && { signal }), folder: undefined, stop },
      observerFrom(observer),
    );
    const { experiment: whole, path, lanes, timeBudget, estimates } = preparation;
    const speed = timeBudget?.record.speed ?? (await measureSpeed(lanes, signal));
    const choice = timeBudget && planUnranked(preparation.plan, timeBudget, whole.minMembers);
    const plan = choice === undefined ? preparation.plan : applyChoice(preparation.plan, choice);
    return {
      folder: path,
      lanes: lanes.lanes.map(({ device }) => device),
      plan,
      ...estimates,
      ...(choice === undefined ? {} : { timeBudgetLines: choiceLines(choice, preparation.plan, timeBudget!.timeLeft) }),
      seconds: estimateSeconds(plan, timedMachine(whole, lanes, speed)),
    };
  } catch (error) {
    if (!stop.raised) throw error;
    throw new StoppedError('Planning was stopped.');
  } finally {
    unlisten();
  }
}

// --- internal ---

/** What a run would choose if all members were equally good. */
function planUnranked(
  plan: TrainingPlan,
  { machine, timeLeft }: StartedBudget,
  minMembers: number,
): PlannedChoice | undefined {
  return planWithin(plan, { ...unranked, machine, minMembers, secondsLeft: timeLeft.seconds });
}
