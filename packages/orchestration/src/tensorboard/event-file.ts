import { join } from 'node:path';
import { AppendFile } from '../run/append-file.ts';
import { type EventTime, fileVersionEvent, type SummaryValue, sessionStartEvent, summaryEvent } from './event.ts';
import { recordOf } from './record.ts';

/** Values that belong to one step. */
export interface Step {
  time: EventTime;
  values: readonly SummaryValue[];
}

/** An event file of a run of TensorBoard: a folder, in which TensorBoard reads the files in the order of their names. */
export class EventFile {
  readonly #file: AppendFile;

  /**
   * @param onFailure as in {@link AppendFile}.
   * @param firstStep TensorBoard ignores this step and later ones in earlier files: a resumed run may repeat them.
   */
  constructor(folder: string, onFailure: (message: string) => void, firstStep = 0) {
    const startedAtMs = Date.now();
    const seconds = String(Math.floor(startedAtMs / 1000)).padStart(10, '0');
    const path = join(folder, `events.out.tfevents.${seconds}.chorus.${process.pid}`);
    this.#file = new AppendFile(path, onFailure, { createsFolder: true });
    this.#append(() => [fileVersionEvent(startedAtMs)]);
    this.restart(firstStep);
  }

  /** Makes TensorBoard ignore a step and later ones before this: they are repeated. */
  restart(firstStep: number): void {
    const start = { atMs: Date.now(), step: firstStep };
    this.#append(() => [sessionStartEvent(start)]);
  }

  /** @param make called when everything before it is written; its steps are written at once. */
  append(make: () => readonly Step[] | Promise<readonly Step[]>): void {
    this.#append(async () => (await make()).map(({ time, values }) => summaryEvent(time, values)));
  }

  /** As in {@link AppendFile}. */
  close(): Promise<void> {
    return this.#file.close();
  }

  #append(make: () => Uint8Array[] | Promise<Uint8Array[]>): void {
    this.#file.append(async () => Buffer.concat((await make()).map(recordOf)));
  }
}
