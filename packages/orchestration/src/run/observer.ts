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
  /** `stack`: of a bug; null for a mistake that the user can fix. */
  | { state: 'failed'; reason: string; stack: string | null }
  /** Another fold of its member has failed. */
  | { state: 'skipped' };

/** Hears what a run does, in the order it happens; nothing it does changes the run. */
export interface RunObserver extends LaneObserver {
  /**
   * Weights or a data set come from their publisher; in words where a download waits or is tried again, and where little is to
   * be expected of the images.
   */
  onDownload(name: string, bytes: number, totalBytes: number | undefined): void;
  onNotice(notice: string): void;
  /** The native runtime is set up, which happens once per user and version. */
  onSetup(progress: SetupProgress): void;
  /** The plan stands; nothing was read yet. */
  onStart(run: {
    experiment: Experiment;
    folder: string;
    devices: string[];
    lanesReason: string;
    demo: boolean;
    /** Names of the trainings to come; everything about one goes by its name. */
    tasks: string[];
  }): void;
  onDecode(done: number, total: number): void;
  /** Images are compared with one another, to find copies of one picture. */
  onCompare(done: number, total: number): void;
  onDataset(dataset: {
    name: string;
    classes: string[];
    counts: ImageCounts;
    skipped: SkippedEntry[];
    /** How the folder was read, and what else of it is not used. */
    found: Pick<ImageFolder, 'splits' | 'hidden' | 'beyondLimit' | 'notices'>;
    duplicates: DuplicateGroup[];
    duplicatesComplete: boolean;
  }): void;
  onMember(task: string, state: MemberState): void;
  /** Fits of stackers that are done. */
  onStacking(done: number, total: number): void;
  /** The stacker and the best member are decided; the test images are read next. */
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
};

/**
 * Fills what a caller does not want to hear. What an observer throws becomes a warning of the process: it is a bug of the
 * one who listens, and no reason to lose a run.
 */
export function observerFrom(partial: Partial<RunObserver> = {}): RunObserver {
  const heard = { ...silent, ...partial };
  const guard =
    <Told extends unknown[]>(name: keyof RunObserver, call: (...told: Told) => void) =>
    (...told: Told): void => {
      try {
        call.apply(heard, told);
      } catch (error) {
        process.emitWarning(`the observer's ${name} threw: ${(error as Error).stack ?? String(error)}`);
      }
    };
  return {
    onDownload: guard('onDownload', heard.onDownload),
    onNotice: guard('onNotice', heard.onNotice),
    onSetup: guard('onSetup', heard.onSetup),
    onStart: guard('onStart', heard.onStart),
    onDecode: guard('onDecode', heard.onDecode),
    onCompare: guard('onCompare', heard.onCompare),
    onDataset: guard('onDataset', heard.onDataset),
    onMember: guard('onMember', heard.onMember),
    onStacking: guard('onStacking', heard.onStacking),
    onChoice: guard('onChoice', heard.onChoice),
    onStage: guard('onStage', heard.onStage),
    onBatch: guard('onBatch', heard.onBatch),
    onEpoch: guard('onEpoch', heard.onEpoch),
    onWarning: guard('onWarning', heard.onWarning),
  };
}
