import type { BackboneFamily } from '@chorus/models';
import type { ChorusWay } from '../contestants/chorus-ways.ts';

/** What is done again and again in one process. */
export type SoakTask =
  /** Training steps of one model. */
  | { kind: 'steps'; backbone: BackboneFamily; inputSize: number; way: ChorusWay }
  /** Whole runs of `chorus train`, one after another; each starts its lanes and stops them. */
  | { kind: 'trainings' }
  /** A lane that starts, predicts once and stops. */
  | { kind: 'lanes' };

export interface SoakTrial {
  name: string;
  /** What is done, in the singular. */
  unit: string;
  task: SoakTask;
  /** How often. */
  count: number;
  /** Of these the first ones fill pools and caches. */
  warmUpCount: number;
  /** So many between two looks at the memory. */
  period: number;
}

/** A look at a process between two rounds. */
export interface SoakSample {
  /** How often it has been done. */
  done: number;
  residentBytes: number;
  /** tfjs' tensors in the main thread. */
  tensorCount: number;
}
