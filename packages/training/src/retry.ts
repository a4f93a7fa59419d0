/** The retry of a training in which a number became infinite or NaN. */
import { z } from 'zod';
import { TrainingError } from './errors.ts';
import { stageNameSchema } from './stage-name.ts';

/** Factor of all learning rates after a retry. */
export const retryRateFactor = 0.1;

export const retrySchema = z.strictObject({
  /** Where the number was found; indices start at 0. `stepIndex` is null if it was the loss on the tuning images, after the epoch. */
  stage: stageNameSchema,
  epochIndex: z.int().min(0),
  stepIndex: z.int().min(0).nullable(),
  /** JSON has no such numbers. */
  loss: z.enum(['NaN', 'Infinity', '-Infinity']),
  /** Learning rate of the step, or of the epoch's last step. */
  learningRate: z.number(),
  /** The epoch whose weights the training went on with: the best one so far; null for the initial weights of the stage. */
  fromEpochIndex: z.int().min(0).nullable(),
  /** Factor of all planned learning rates from then on. */
  rateFactor: z.number(),
});

/** A training is retried at most once. */
export type Retry = z.output<typeof retrySchema>;

/** A loss that is not finite, and where it was found. */
export type BrokenLoss = Pick<Retry, 'stage' | 'epochIndex' | 'stepIndex' | 'learningRate' | 'loss'>;

/** A loss became infinite or NaN; the training can be retried. */
export class NotFiniteError extends TrainingError {
  readonly broken: BrokenLoss;

  constructor({ loss, ...place }: Omit<BrokenLoss, 'loss'> & { loss: number }) {
    const broken = { ...place, loss: String(loss) as BrokenLoss['loss'] };
    super(`${lossText(broken)}; try a lower rate`);
    this.broken = broken;
  }
}

/** The error of a training whose retry failed. */
export function retryFailed({ broken }: NotFiniteError, retry: Retry): TrainingError {
  return new TrainingError(
    `${lossText(broken)}, in the retry at a tenth of the planned rates; before, ${lossText(retry)}. Try a lower rate`,
  );
}

/** What happened and where the training went on, without a capital letter and a full stop. */
export function retryText(retry: Retry): string {
  const { fromEpochIndex } = retry;
  const from = fromEpochIndex === null ? 'the start of the stage' : `epoch ${fromEpochIndex + 1}, the best one so far,`;
  return `${lossText(retry)}; retried from ${from} at a tenth of the planned rates`;
}

// --- internal ---

function lossText({ stage, epochIndex, stepIndex, learningRate, loss }: BrokenLoss): string {
  const where =
    stepIndex === null ? `after epoch ${epochIndex + 1}` : `in step ${stepIndex + 1} of epoch ${epochIndex + 1}`;
  return `the loss${stepIndex === null ? ' on tune' : ''} became ${loss} ${where} of stage "${stage}" at learning rate ${Number(learningRate.toPrecision(4))}`;
}
