/** `restarts.json` of a run folder: why processes of the run have ended unexpectedly, for the report. */
import { checkValue, mistakesLine } from '@chorus/models';
import { publishFile, readJsonFile, StorageError, UnreadableFileError } from '@chorus/storage';
import { stageNameSchema } from '@chorus/training';
import { z } from 'zod';
import { type Restart, restartSchema } from '../report/restarts-schema.ts';
import { describeIncident, type Incident } from '../supervise/incident.ts';

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

/**
 * Adds incidents to those that earlier parts of the run have recorded.
 *
 * @param path of the file, which need not exist.
 * @returns all of them, the oldest first.
 * @throws StorageError for a file that Chorus has not written.
 */
export async function recordIncidents(path: string, incidents: readonly Incident[]): Promise<RecordedIncident[]> {
  const before = await readIncidents(path);
  const known = new Set(before.map(({ atMs }) => atMs));
  const added = incidents.filter(({ atMs }) => !known.has(atMs)).map(({ folder: _, ...incident }) => incident);
  const all = [...before, ...added];
  if (added.length > 0) await publishFile(path, `${JSON.stringify({ schemaVersion: 1, incidents: all }, null, 2)}\n`);
  return all;
}

/** What the report says about incidents. */
export function restartsOf(incidents: readonly RecordedIncident[]): Restart[] {
  return incidents.map((incident) => {
    const { atMs, kind, ending, suspects } = incident;
    const time = new Date(atMs).toISOString().slice(0, 16).replace('T', ' ');
    const halved =
      kind === 'killed' && suspects.length > 0
        ? `, and training steps of ${suspects.join(' and ')} processed half as many images at once: the results are those of the plan, except for rounding, dropout masks, and BatchNorm statistics of batches`
        : '';
    const note = `At ${time} UTC, ${describeIncident(incident)}. The run continued from its checkpoints${halved}.`;
    return { atMs, kind, ending, suspects, note };
  });
}

// --- internal ---

async function readIncidents(path: string): Promise<RecordedIncident[]> {
  const content = await readJsonFile(path).catch((error: unknown) => {
    if (error instanceof UnreadableFileError && error.code === 'ENOENT') return { schemaVersion: 1, incidents: [] };
    throw error;
  });
  const { data, mistakes } = checkValue(recordSchema, content);
  if (mistakes === undefined) return data.incidents;
  throw new StorageError(`${path} was not written by this version of Chorus: ${mistakesLine(mistakes)}. Remove it.`);
}
