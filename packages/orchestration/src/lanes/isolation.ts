/** What the isolated lanes of a run share. */
import { StopFlag, stopFlagBytes } from '@chorus/training';
import type { Incident } from '../supervise/incident.ts';
import type { SharedPlace } from './lane-messages.ts';
import { sharedMemory } from './mapped-values.ts';
import { SharedFiles } from './shared-files.ts';

/** An unexpected end of a lane process. */
export type LaneIncident = Omit<Incident, 'folder'>;

export interface Isolation {
  files: SharedFiles;
  /** The stop flag of this process, and the file of the one that is raised with it. */
  stop: StopFlag;
  stopPlace: SharedPlace;
  /** Seconds without progress after which a lane counts as hung; 0 for never. */
  watchdogSeconds: number;
  /** @param retry which repetition of the task follows, from 1; null if its member fails. */
  onIncident(incident: LaneIncident, retry: number | null): void;
}

/**
 * Prepares lanes that are processes.
 *
 * @param options `folder`: path of a folder for shared memory that has no room elsewhere. Close `files` when all lanes are closed.
 */
export async function openIsolation({
  folder,
  ...options
}: { folder: string } & Pick<Isolation, 'stop' | 'watchdogSeconds' | 'onIncident'>): Promise<Isolation> {
  const files = await SharedFiles.open(folder);
  const stopPlace = { path: await files.create(stopFlagBytes), byteLength: stopFlagBytes };
  options.stop.raiseToo(new StopFlag(sharedMemory(stopPlace.path, stopFlagBytes, { isWritable: true })));
  return { files, stopPlace, ...options };
}
