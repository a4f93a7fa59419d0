/** A run of members: its inputs, the state of each member, and the outcomes. */
import type { Fold } from '@chorus/data';
import type { MemberPlan, SharedFeatures, StopFlag, Teacher, TrainedMember } from '@chorus/training';
import type { TrainingDeadlines } from '../budget/training-deadlines.ts';
import type { Lane } from '../lanes/lane.ts';
import { featuresObstacle } from '../plan/feature-stacker.ts';
import type { PlannedMember, TrainingPlan } from '../plan/plan-training.ts';
import type { Precautions } from '../supervise/precautions.ts';
import type { Dataset } from './dataset.ts';
import type { FeatureCache } from './feature-cache.ts';
import { LatePublishing } from './late-publishing.ts';
import type { RunObserver } from './observer.ts';
import type { RunFolder } from './run-folder.ts';

/** A member trained on one fold; its weights stay on disk until they are used for predictions. */
export interface Training extends Omit<TrainedMember, 'weights'> {
  fold: Fold;
  folder: string;
  /** Whether its model is used in the test and goes into the bundle. */
  keepsWeights: boolean;
  /** Whether an earlier part of the run trained it. */
  resumed: boolean;
  /** The first difference between the plan that it was trained by and the present one; omitted if there is none. */
  difference?: string | undefined;
}

export type MemberOutcome =
  | {
      status: 'done';
      trainings: Training[];
      seconds: number;
      /** Pooled features of all training images, if a stacker reads them. */
      features?: SharedFeatures | undefined;
    }
  /** The time was up before all of its trainings had started. */
  | { status: 'cut'; trainings: Training[]; seconds: number }
  | { status: 'failed'; reason: string; device: string | null; trainings: Training[]; seconds: number };

/** Of a model that is trained on every fold or has failed. */
export type FinishedOutcome = Exclude<MemberOutcome, { status: 'cut' }>;

/** The inputs for training the members. */
export interface MemberRun {
  plan: TrainingPlan;
  dataset: Dataset;
  lanes: readonly Lane[];
  folder: RunFolder;
  /** Uint8 per image, set when a lane reads it. */
  reads: SharedArrayBuffer;
  observer: RunObserver;
  stop: StopFlag;
  /** Where features are kept between runs; undefined to keep none. */
  featureCache?: FeatureCache | undefined;
  /** Time between two checkpoints of a training. */
  checkpointSeconds: number;
  /** Whether finished trainings are kept although the experiment was edited since; by default, they are trained again. */
  keepsOtherPlans?: boolean;
  /** What a student learns from. */
  teacher?: Teacher | undefined;
  /** Features that `prepareFeatures` has computed, by member. */
  features?: ReadonlyMap<string, SharedFeatures> | undefined;
  /** When trainings have to end, and the number of members that are trained even if their time is up. */
  limits?: { deadlines: TrainingDeadlines; minMembers: number } | undefined;
  /** Whether lanes report details of each epoch, for `onEpoch` of the observer. */
  reportsDetails?: boolean | undefined;
  /** After earlier processes of the run ended unexpectedly. */
  precautions?: Precautions | undefined;
}

/** The state of a member. */
export interface MemberRecord {
  planned: PlannedMember;
  /** In the order of the planned trainings. */
  trainings: (Training | undefined)[];
  /** Features of all training images; undefined if its trainings share none, or none is missing. */
  features: FeaturesRecord | undefined;
  failure: { reason: string; device: string | null } | undefined;
  /** Whether its missing trainings are skipped, because the time is up. */
  isCut: boolean;
  /** Its trainings that could not be published by the lane. */
  late: LatePublishing;
  /** Time of all its tasks. */
  seconds: number;
}

export interface FeaturesRecord {
  shared: SharedFeatures;
  /** Name in the cache; undefined if they are not kept there. */
  key: string | undefined;
  devices: Set<string>;
  /** Number of images whose rows are there. */
  doneImages: number;
  seconds: number;
  /** Settles once they are in the cache. */
  kept?: Promise<void> | undefined;
}

/** The state of a member of which nothing is trained yet. */
export function newRecord(planned: PlannedMember): MemberRecord {
  return {
    planned,
    trainings: planned.trainings.map(() => undefined),
    features: undefined,
    failure: undefined,
    isCut: false,
    late: new LatePublishing(),
    seconds: 0,
  };
}

/** Whether a stacker reads the features that the member's folds share. */
export function stacksFeatures({ plan }: MemberRun, { planned }: MemberRecord): boolean {
  return plan.stackers.kinds.includes('features') && featuresObstacle(planned.plan) === undefined;
}

/** The inputs that all tasks of a member share. */
export function memberParts({ dataset, reads }: MemberRun, member: MemberPlan) {
  const { classes, pixels } = dataset;
  return { member, classes, reads, pixels: pixels.get(member.backbone.inputSize)! };
}
