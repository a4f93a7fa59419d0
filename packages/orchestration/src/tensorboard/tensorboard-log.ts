import { join } from 'node:path';
import { encodePng, foldName, svgToPng } from '@chorus/data';
import {
  type AugmentedImages,
  type BatchProgress,
  type EpochDetails,
  type EpochMetrics,
  mostConfusionClasses,
  type TrainingPlace,
} from '@chorus/training';
import { contactSheet } from '../contact-sheet.ts';
import type { Report } from '../report/schema.ts';
import type { Dataset } from '../run/dataset.ts';
import { confusionSvg } from './confusion-picture.ts';
import type { SummaryValue } from './event.ts';
import { EventFile, type Step } from './event-file.ts';
import { mistakesSvg } from './mistakes-picture.ts';

/**
 * Logs of a run for TensorBoard, written while it trains: a run of TensorBoard per member and fold, and one of the ensemble. After a
 * failed write, the run continues without them.
 */
export class TensorBoardLog {
  readonly #folder: string;
  readonly #classes: readonly string[];
  readonly #onFailure: (message: string) => void;
  readonly #trainings = new Map<string, TrainingLog>();
  /** Of the trainings that have ended. */
  readonly #closed: Promise<void>[] = [];
  #failed = false;

  /**
   * @param folder is created with the first log.
   * @param onFailure called at most once, with a one-line message for the user.
   */
  constructor(folder: string, classes: readonly string[], onFailure: (message: string) => void) {
    this.#folder = folder;
    this.#classes = classes;
    this.#onFailure = onFailure;
  }

  /** Numbers the steps and epochs of a training that continues, so that they follow those before the place. */
  onContinue(task: string, { done }: TrainingPlace): void {
    const training = this.#training(task);
    training.epochCount = done.epochCount;
    training.stepCount = done.stepCount;
    training.firstStep = done.stepCount;
    // Those before a retry, which goes back to an earlier place.
    training.steps = [];
    training.file?.restart(done.stepCount);
  }

  /** Keeps the values of a step until its epoch ends. */
  onBatch(task: string, progress: BatchProgress): void {
    if (this.#failed || progress.stage === 'features') return;
    const training = this.#training(task);
    const { loss, learningRate } = progress;
    training.steps.push({
      time: { atMs: Date.now(), step: training.stepCount },
      values: [
        { tag: 'steps/loss', scalar: loss },
        { tag: 'steps/learning-rate', scalar: learningRate },
      ],
    });
    training.stepCount += 1;
  }

  /** Writes an epoch and its steps. */
  onEpoch(metrics: EpochMetrics, details: EpochDetails | undefined): void {
    if (this.#failed) return;
    const training = this.#training(metrics.task);
    training.file ??= this.#eventFile(join(metrics.member, foldName(metrics.fold)), training.firstStep);
    const steps = training.steps.splice(0);
    const time = { atMs: metrics.finishedAtMs, step: training.epochCount };
    training.epochCount += 1;
    training.file.append(async () => [
      ...steps,
      { time, values: [...scalarsOf(metrics), ...(details ? await this.#detailValues(details) : [])] },
    ]);
  }

  /**
   * Writes the steps of an epoch that was stopped, and closes the log of a training, so that a run of many folds does not keep as many
   * files open.
   */
  endTraining(task: string): void {
    const training = this.#trainings.get(task);
    this.#trainings.delete(task);
    if (training?.file === undefined) return;
    training.file.append(() => training.steps);
    this.#closed.push(training.file.close());
  }

  /** Writes the test of the ensemble. */
  addTest({ stackers, mistakes }: Report, dataset: Dataset): void {
    const chosen = stackers.find((stacker) => stacker.chosen);
    if (this.#failed || chosen === undefined) return;
    const { accuracy, logLoss, confusion } = chosen.test;
    const file = this.#eventFile('ensemble');
    const time = { atMs: Date.now(), step: 0 };
    file.append(async () => [
      {
        time,
        values: [
          { tag: 'test/accuracy', scalar: accuracy },
          { tag: 'test/loss', scalar: logLoss },
          ...(await this.#confusion('test/confusion', confusion)),
          ...(await mistakesOf(mistakes, dataset)),
        ],
      },
    ]);
    this.#closed.push(file.close());
  }

  /** Resolves when all logs have been passed to the operating system or writing has failed; never rejects. */
  async close(): Promise<void> {
    for (const task of [...this.#trainings.keys()]) this.endTraining(task);
    await Promise.all(this.#closed);
  }

  #training(task: string): TrainingLog {
    const training = this.#trainings.get(task) ?? newTraining();
    this.#trainings.set(task, training);
    return training;
  }

  #eventFile(run: string, firstStep?: number): EventFile {
    const onFailure = (message: string) => {
      if (!this.#failed) this.#onFailure(message);
      this.#failed = true;
    };
    return new EventFile(join(this.#folder, run), onFailure, firstStep);
  }

  async #detailValues({ weights, confusion, augmented }: EpochDetails): Promise<SummaryValue[]> {
    return [
      ...weights.map(({ name, ...histogram }) => ({ tag: `weights/${name}`, histogram })),
      ...(confusion === null ? [] : await this.#confusion('confusion/tune', confusion)),
      ...(augmented === undefined ? [] : [await augmentedValue(augmented)]),
    ];
  }

  async #confusion(tag: string, confusion: number[][]): Promise<SummaryValue[]> {
    if (confusion.length > mostConfusionClasses) return [];
    const picture = await svgToPng(confusionSvg(confusion, this.#classes));
    return [{ tag, picture }];
  }
}

// --- internal ---

/** The log of a training. */
interface TrainingLog {
  /** Steps of the current epoch. */
  steps: Step[];
  /** Number of steps so far. */
  stepCount: number;
  /** Number of epochs so far, in all stages. */
  epochCount: number;
  /** The step at which it continues; 0 if it starts. */
  firstStep: number;
  file: EventFile | undefined;
}

function newTraining(): TrainingLog {
  return { steps: [], stepCount: 0, epochCount: 0, firstStep: 0, file: undefined };
}

function scalarsOf({ loss, tuneLoss, tuneAccuracy, learningRate }: EpochMetrics): SummaryValue[] {
  return [
    { tag: 'loss/fit', scalar: loss },
    { tag: 'loss/tune', scalar: tuneLoss },
    { tag: 'accuracy/tune', scalar: tuneAccuracy },
    { tag: 'learning-rate', scalar: learningRate },
  ];
}

async function augmentedValue({ columns, ...size }: AugmentedImages): Promise<SummaryValue> {
  const { pixels, width, height } = contactSheet(columns, size);
  return {
    tag: 'augmentation',
    picture: { bytes: await encodePng(pixels, { width, height }), width, height },
  };
}

async function mistakesOf(mistakes: Report['mistakes'], dataset: Dataset): Promise<SummaryValue[]> {
  if (mistakes.length === 0) return [];
  return [{ tag: 'test/mistakes', picture: await svgToPng(await mistakesSvg(mistakes, dataset)) }];
}
