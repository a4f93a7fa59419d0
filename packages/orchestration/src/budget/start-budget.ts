/** The start of a run with a time budget, before its images are decoded: times the machine and fits the input sizes. */
import { scanImageFolder } from '@chorus/data';
import { type MachineSpeed, measureSpeed } from '../check/measure-speed.ts';
import { advise, ConfigError } from '../errors.ts';
import type { Experiment } from '../experiment/schema.ts';
import type { LanePlan } from '../lanes/plan.ts';
import type { TimedMachine } from '../plan/estimate-time.ts';
import { expectedPlan } from '../plan/expected-plan.ts';
import type { TrainingPlan } from '../plan/plan-training.ts';
import { timedMachine } from '../plan/timed-machine.ts';
import { scanOptionsOf } from '../run/dataset.ts';
import type { RunFolder } from '../run/run-folder.ts';
import { type BudgetRecord, readBudgetFile } from './budget-file.ts';
import { fitSizes } from './fit-sizes.ts';
import { endSeconds, leastBudget, type PlanningFacts } from './plan-within.ts';
import { studentSeconds } from './student-seconds.ts';
import { TimeLeft } from './time-left.ts';

/** What a run with a time budget starts with. */
export interface StartedBudget {
  timeLeft: TimeLeft;
  machine: TimedMachine;
  /** What the run has recorded so far. */
  record: BudgetRecord;
}

/** The start of a resumed run, with the decisions and the speed that it has recorded. */
export async function resumeBudget(
  experiment: Experiment,
  lanes: LanePlan,
  { budgetSeconds, startedAtMs, folder }: { budgetSeconds: number; startedAtMs: number; folder: RunFolder },
): Promise<StartedBudget> {
  const record = await readBudgetFile(folder.budget);
  return {
    timeLeft: new TimeLeft({ budgetSeconds, startedAtMs, spentBeforeSeconds: record.spentSeconds }),
    machine: timedMachine(experiment, lanes, record.speed),
    record,
  };
}

/**
 * Starts a new run: counts the images, times the machine, and reduces input sizes that would take too long.
 *
 * @param root folder of the experiment's data source.
 * @returns the start, and the experiment with these sizes.
 * @throws ConfigError when not even the smallest ensemble fits; DataError for a folder without images.
 */
export async function startBudget(
  experiment: Experiment,
  lanes: LanePlan,
  { budgetSeconds, startedAtMs, root, signal }: BudgetRequest,
): Promise<{ started: StartedBudget; experiment: Experiment }> {
  const timeLeft = new TimeLeft({ budgetSeconds, startedAtMs, spentBeforeSeconds: 0 });
  const images = await countedImages(experiment, root);
  const speed: MachineSpeed = await measureSpeed(lanes, signal);
  const machine = timedMachine(experiment, lanes, speed);
  const { experiment: sized, reduced } = sizesWithin(experiment, images, { machine, timeLeft });
  const record: BudgetRecord = { schemaVersion: 1, spentSeconds: 0, reducedSizes: reduced, speed, choice: null };
  const started = { timeLeft, machine, record };
  requireTime(expectedPlan(sized, process.env, images), started, sized.minMembers, 'before reading the images');
  return { started, experiment: sized };
}

export interface BudgetRequest {
  budgetSeconds: number;
  /** When the run started, milliseconds since the Unix epoch. */
  startedAtMs: number;
  root: string;
  signal?: AbortSignal | undefined;
}

/** @throws ConfigError when not even the smallest ensemble fits into the time left, with the smallest budget that would. */
export function requireTime(
  plan: TrainingPlan,
  { timeLeft, machine }: Pick<StartedBudget, 'timeLeft' | 'machine'>,
  minMembers: number,
  when: 'before reading the images' | 'after reading the images',
): void {
  const least = leastBudget(plan, { ...unranked, machine, minMembers });
  const { budgetSeconds, spentSeconds } = timeLeft;
  if (spentSeconds + least.seconds <= budgetSeconds) return;
  throw tooShort(
    budgetSeconds,
    `${when}, ${Math.round(spentSeconds)} s are spent, and the smallest ensemble (${least.members.join(' and ')}${plan.student === undefined ? '' : ', then the student'}) takes about ${Math.ceil(least.seconds)} s more on this machine. Allow at least ${5 * Math.ceil((spentSeconds + least.seconds) / 5)} s (timeBudgetSeconds)${when === 'before reading the images' ? ' and the time to read the images' : ''}.`,
  );
}

/**
 * Checks a budget as a run does once it has read the images.
 *
 * @param spentSeconds time that a run takes until then.
 * @throws ConfigError as {@link requireTime}.
 */
export function requireBudget(
  experiment: Experiment,
  images: ImageCounts,
  {
    machine,
    budgetSeconds,
    spentSeconds,
  }: { machine: TimedMachine } & Record<'budgetSeconds' | 'spentSeconds', number>,
): void {
  const timeLeft = new TimeLeft({ budgetSeconds, startedAtMs: 0, spentBeforeSeconds: spentSeconds }, () => 0);
  const { experiment: sized } = sizesWithin(experiment, images, { machine, timeLeft });
  const plan = expectedPlan(sized, process.env, images);
  requireTime(plan, { machine, timeLeft }, sized.minMembers, 'after reading the images');
}

/**
 * Refuses what no machine and no data can meet, before any work.
 *
 * @throws ConfigError when the budget is shorter than the end of a run.
 */
export function requireTimeToEnd(budgetSeconds: number): void {
  const least = endSeconds(0);
  if (budgetSeconds > least) return;
  throw tooShort(
    budgetSeconds,
    `stackers, bundle and report take about ${least} s, in addition to reading the images and training (timeBudgetSeconds).`,
  );
}

function tooShort(seconds: number, reason: string): ConfigError {
  return advise(new ConfigError(`A time budget of ${seconds} s is too short: ${reason}`), { code: 'time-budget' });
}

/** What is known of the members before features are computed. */
export const unranked: Pick<PlanningFacts, 'ranked' | 'forwardSeconds' | 'withFeatures'> = {
  ranked: [],
  forwardSeconds: new Map(),
  withFeatures: new Set(),
};

// --- internal ---

interface ImageCounts {
  trainingCount: number;
  testCount: number;
}

/** Reduces input sizes that would take too long beside the student. */
function sizesWithin(
  experiment: Experiment,
  images: ImageCounts,
  { machine, timeLeft }: Pick<StartedBudget, 'timeLeft' | 'machine'>,
): ReturnType<typeof fitSizes> {
  const ofStudent = studentSeconds(expectedPlan(experiment, process.env, images), machine);
  return fitSizes(experiment, process.env, images, { machine, secondsLeft: timeLeft.seconds - ofStudent });
}

/** Counts the images without reading them; unusable ones count, too. */
async function countedImages(experiment: Experiment, root: string): Promise<ImageCounts> {
  const { images } = await scanImageFolder(root, scanOptionsOf(experiment));
  const given = images.filter(({ role }) => role === 'test').length;
  const testCount = given > 0 ? given : Math.round(images.length * experiment.split.test);
  return { trainingCount: images.length - testCount, testCount };
}
