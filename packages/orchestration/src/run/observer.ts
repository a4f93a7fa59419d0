import { inspect } from 'node:util';
import type { DuplicateGroup, ImageFolder, SkippedEntry } from '@chorus/data';
import type { SetupProgress } from '@chorus/runtime';
import type { LaneObserver } from '@chorus/training';
import type { Experiment } from '../experiment/schema.ts';
import type { ImageCounts } from '../report/schema.ts';
import type { Choice } from '../stacking/choose.ts';

export type MemberState =
  | { state: 'running'; device: string }
  | { state: 'done'; device: string; seconds: number }
  | { state: 'kept'; device: string }
  /** Its features were read from the cache of earlier runs. */
  | { state: 'cached' }
  /** `bug`: for a bug, the error with its stack and causes, as Node.js prints it; null for a mistake that the user can fix. */
  | { state: 'failed'; reason: string; bug: string | null }
  /** Another fold of the member has failed. */
  | { state: 'skipped' }
  /** Not trained, because a time budget has no time for it. */
  | { state: 'cut' };

/** Receives the events of a run, in order; it cannot change the run. */
export interface RunObserver extends LaneObserver {
  /**
   * Progress of a download of weights or a data set.
   */
  onDownload(name: string, bytes: number, totalBytes: number | undefined): void;
  /** A message for the user: that a download waits or is retried, or a warning about the images. */
  onNotice(notice: string): void;
  /** Progress of the native runtime's setup, which runs once per user and version. */
  onSetup(progress: SetupProgress): void;
  /** The lanes and tasks are planned; no image has been read yet. */
  onStart(run: {
    experiment: Experiment;
    folder: string;
    devices: string[];
    lanesReason: string;
    demo: boolean;
    /** Names of the planned tasks, which other events refer to. */
    tasks: string[];
  }): void;
  onDecode(done: number, total: number): void;
  /** Progress of comparing images to find duplicates. */
  onCompare(done: number, total: number): void;
  onDataset(dataset: {
    name: string;
    classes: string[];
    counts: ImageCounts;
    skipped: SkippedEntry[];
    /** How the folder was read, and which of its entries are not used. */
    found: Pick<ImageFolder, 'splits' | 'hidden' | 'beyondLimit' | 'notices'>;
    duplicates: DuplicateGroup[];
    duplicatesComplete: boolean;
  }): void;
  onMember(task: string, state: MemberState): void;
  /** Progress of fitting stackers. */
  onStacking(done: number, total: number): void;
  /** The stacker and the best member are chosen; the test images are read next. */
  onChoice(choice: Choice): void;
}

const silent: RunObserver = {
  onDownload() {},
  onNotice() {},
  onSetup() {},
  onStart() {},
  onDecode() {},
  onCompare() {},
  onDataset() {},
  onMember() {},
  onStacking() {},
  onChoice() {},
  onStage() {},
  onBatch() {},
  onEpoch() {},
  onWarning() {},
  onContinue() {},
};

/**
 * Completes a partial observer. Errors of its callbacks become process warnings, so that a bug in an observer does not end the
 * run.
 */
export function observerFrom(partial: Partial<RunObserver> = {}): RunObserver {
  const guard =
    (name: keyof RunObserver, call: (...args: never[]) => unknown) =>
    (...args: never[]): void => {
      const warn = (error: unknown) =>
        process.emitWarning(`the observer's ${name} threw: ${typeof error === 'string' ? error : inspect(error)}`);
      try {
        // TypeScript accepts async callbacks, too.
        Promise.resolve(call.apply(partial, args)).catch(warn);
      } catch (error) {
        warn(error);
      }
    };
  const names = Object.keys(silent) as (keyof RunObserver)[];
  const guarded = names.map((name) => [name, guard(name, partial[name] ?? silent[name])]);
  return Object.fromEntries(guarded) as RunObserver;
}
