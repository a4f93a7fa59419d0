/** `budget.json` of a run folder: what a run with a time budget has decided, and the time that it has spent. */
import { checkValue, mistakesLine } from '@chorus/models';
import { publishFile, readJsonFile, StorageError, systemErrorText, UnreadableFileError } from '@chorus/storage';
import { stageNameSchema } from '@chorus/training';
import { z } from 'zod';
import type { TimeLeft } from './time-left.ts';

const seconds = z.number().min(0);
const inputSize = z.int().min(1);

/** Parts of the file that the report has, too. */
export const reducedSizeSchema = z.strictObject({ name: z.string(), from: inputSize, to: inputSize });
export const chosenMemberSchema = z.strictObject({
  name: z.string(),
  stages: z.array(z.strictObject({ stage: stageNameSchema, epochCount: z.int().min(1) })),
});
export const leftOutSchema = z.strictObject({ name: z.string(), missingSeconds: seconds });
export const rankingSchema = z.strictObject({
  imageCount: z.int().min(1).describe('Number of training images that predict each other.'),
  neighborCount: z.int().min(1),
  members: z
    .array(z.strictObject({ name: z.string(), accuracy: z.number().min(0).max(1) }))
    .describe('The best first.'),
});

const budgetFileSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Wall time of all parts of the run so far. */
  spentSeconds: seconds,
  reducedSizes: z.array(reducedSizeSchema),
  /** The speed of the machine when the run was planned. */
  speed: z.strictObject({ costPerSecond: z.number().positive(), startSeconds: seconds, compileSeconds: seconds }),
  /** Null until the members are chosen; a resumed run makes the same choice. */
  choice: z
    .strictObject({
      ranking: rankingSchema.nullable(),
      members: z.array(chosenMemberSchema).min(1),
      leftOut: z.array(leftOutSchema),
      plannedSeconds: seconds,
      /** Measured seconds of a forward pass on one lane, by member. */
      forwardSeconds: z.record(z.string(), seconds),
    })
    .nullable(),
});

export type BudgetRecord = z.output<typeof budgetFileSchema>;

/** @throws StorageError when the file is missing or damaged, since the run would then be planned differently. */
export async function readBudgetFile(path: string): Promise<BudgetRecord> {
  const content = await readJsonFile(path).catch((error: unknown) => {
    if (!(error instanceof UnreadableFileError)) throw error;
    throw new StorageError(
      `Cannot read ${path}: ${error.received}. It has the decisions of a run with a time budget; start a new run.`,
    );
  });
  const { data, mistakes } = checkValue(budgetFileSchema, content);
  if (mistakes === undefined) return data;
  throw new StorageError(`${path} was not written by this version of Chorus: ${mistakesLine(mistakes)}.`);
}

/** How often the time spent is written; a killed run loses at most so much of it. */
const intervalMs = 10_000;

/** Keeps `budget.json` up to date while a run works, one write after the other. */
export class BudgetFile {
  readonly #path: string;
  readonly #timeLeft: Pick<TimeLeft, 'spentSeconds'>;
  readonly #timer: NodeJS.Timeout;
  #record: BudgetRecord;
  #written: Promise<void> = Promise.resolve();

  /** @param onFailure called with a message for the user when the time spent cannot be written; the run continues. */
  constructor(
    path: string,
    { record, timeLeft }: { record: BudgetRecord; timeLeft: Pick<TimeLeft, 'spentSeconds'> },
    onFailure: (message: string) => void,
  ) {
    this.#path = path;
    this.#record = record;
    this.#timeLeft = timeLeft;
    const writeTime = () =>
      this.#write().catch((error: unknown) => {
        clearInterval(this.#timer);
        onFailure(
          `Cannot write to ${path}: ${systemErrorText(error)}. The run continues, but a resumed run would have more time than it should.`,
        );
      });
    this.#timer = setInterval(writeTime, intervalMs).unref();
    void writeTime();
  }

  get record(): BudgetRecord {
    return this.#record;
  }

  /** Records the choice of members. */
  choose(choice: NonNullable<BudgetRecord['choice']>): Promise<void> {
    this.#record = { ...this.#record, choice };
    return this.#write();
  }

  /** Writes the time spent once more, and ends. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    // The run has ended; a failure has been reported, or is that of the last seconds.
    await this.#write().catch(() => {});
  }

  #write(): Promise<void> {
    this.#record = { ...this.#record, spentSeconds: this.#timeLeft.spentSeconds };
    const content = `${JSON.stringify(this.#record, null, 2)}\n`;
    const written = this.#written.then(() => publishFile(this.#path, content));
    // A failed write does not prevent the next one.
    this.#written = written.catch(() => {});
    return written;
  }
}
