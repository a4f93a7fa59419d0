/** `restarts.json` of a run folder: why processes of the run have ended unexpectedly, for the report. */
import { checkValue, mistakesLine } from '@chorus/models';
import { publishFile, readJsonFile, StorageError, UnreadableFileError } from '@chorus/storage';
import { stageNameSchema } from '@chorus/training';
import { z } from 'zod';
import { messageOf } from '../exit-codes.ts';
import { type Restart, restartSchema } from '../report/restarts-schema.ts';
import { describeIncident, type Incident, suspectedTrainings } from '../supervise/incident.ts';

const place = z.int().min(0).nullable();

const incidentSchema = restartSchema.omit({ note: true }).extend({
  lanes: z.array(
    z.strictObject({
      device: z.string(),
      task: z.string().nullable(),
      kind: z.enum(['features', 'train', 'predict', 'explain']).nullable(),
      stage: stageNameSchema.or(z.enum(['features', 'predict', 'done'])).nullable(),
      ...{ epochIndex: place, stepIndex: place },
      secondsSinceProgress: z.number().min(0),
    }),
  ),
});

const recordSchema = z.strictObject({ schemaVersion: z.literal(1), incidents: z.array(incidentSchema) });

/** An incident in the folder of its run. */
export type RecordedIncident = Omit<Incident, 'folder'>;

/** All incidents of a run, in its folder and in memory. */
export class IncidentRecord {
  /** The oldest first. */
  readonly incidents: RecordedIncident[];
  readonly #path: string;
  readonly #notice: (notice: string) => void;
  #writing = Promise.resolve();

  private constructor(path: string, incidents: RecordedIncident[], notice: (notice: string) => void) {
    this.#path = path;
    this.incidents = incidents;
    this.#notice = notice;
  }

  /**
   * Reads the incidents of earlier parts of the run, and adds others.
   *
   * @param path of the file, which need not exist.
   * @param notice called with a message when an incident that is added later cannot be written.
   * @throws StorageError for a file that Chorus has not written.
   */
  static async open(
    path: string,
    incidents: readonly Incident[],
    notice: (notice: string) => void,
  ): Promise<IncidentRecord> {
    const before = await readIncidents(path);
    const known = new Set(before.map(identity));
    const added = incidents.filter((one) => !known.has(identity(one))).map(({ folder: _, ...incident }) => incident);
    const record = new IncidentRecord(path, [...before, ...added], notice);
    if (added.length > 0) await record.#publish();
    return record;
  }

  add(incident: RecordedIncident): void {
    this.incidents.push(incident);
    this.#writing = this.#writing
      .then(() => this.#publish())
      .catch((error: unknown) => this.#notice(`warning: ${messageOf(error)}`));
  }

  /** Waits until all incidents are written. */
  close(): Promise<void> {
    return this.#writing;
  }

  #publish(): Promise<void> {
    const content = { schemaVersion: 1, incidents: this.incidents };
    return publishFile(this.#path, `${JSON.stringify(content, null, 2)}\n`);
  }
}

/** What the report says about incidents. */
export function restartsOf(incidents: readonly RecordedIncident[]): Restart[] {
  return incidents.map((incident) => {
    const { atMs, kind, process, ending, suspects } = incident;
    const time = new Date(atMs).toISOString().slice(0, 16).replace('T', ' ');
    const trainings = suspectedTrainings(incident);
    const halved =
      kind === 'killed' && trainings.length > 0
        ? `, and training steps of ${trainings.join(' and ')} processed half as many images at once: the results are those of the plan, except for rounding, dropout masks, and BatchNorm statistics of batches`
        : '';
    const next =
      process === 'lane' ? 'Its task was tried again from its checkpoint' : 'The run continued from its checkpoints';
    const note = `At ${time} UTC, ${describeIncident(incident)}. ${next}${halved}.`;
    return { atMs, kind, process, ending, suspects, note };
  });
}

// --- internal ---

/** Two lanes may end at the same time. */
function identity({ atMs, suspects }: Pick<Incident, 'atMs' | 'suspects'>): string {
  return JSON.stringify([atMs, suspects]);
}

async function readIncidents(path: string): Promise<RecordedIncident[]> {
  const content = await readJsonFile(path).catch((error: unknown) => {
    if (error instanceof UnreadableFileError && error.code === 'ENOENT') return { schemaVersion: 1, incidents: [] };
    throw error;
  });
  const { data, mistakes } = checkValue(recordSchema, content);
  if (mistakes === undefined) return data.incidents;
  throw new StorageError(`${path} was not written by this version of Chorus: ${mistakesLine(mistakes)}. Remove it.`);
}
