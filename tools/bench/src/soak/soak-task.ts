import type { BackboneFamily } from '@chorus/models';
import type { TrainingWay } from '../contestants/chorus-ways.ts';

/** An operation to repeat in one process. */
export type SoakTask =
  /** Training steps of one model. */
  | { kind: 'steps'; backbone: BackboneFamily; inputSize: number; way: TrainingWay }
  /** Whole runs of `chorus train` in sequence; each starts and stops its lanes. */
  | { kind: 'trainings' }
  /** A lane that starts, predicts once and stops. */
  | { kind: 'lanes' };

export interface SoakTrial {
  name: string;
  /** Name of the operation, in the singular. */
  unit: string;
  task: SoakTask;
  /** Number of repetitions. */
  count: number;
  /** Number of initial repetitions that fill pools and caches. */
  warmUpCount: number;
  /** Repetitions between two memory samples. */
  period: number;
}

/** A memory sample of a process between two repetitions. */
export interface SoakSample {
  /** Number of repetitions so far. */
  done: number;
  residentBytes: number;
  /** tfjs' tensors in the main thread. */
  tensorCount: number;
}
