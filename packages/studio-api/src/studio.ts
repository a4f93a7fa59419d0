/** Everything that a studio has: data sets, checks, trainings, runs and a loaded model, in one workspace. */

import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { presetDescriptions, weightSource } from '@chorus/orchestration';
import { ServerError } from '@chorus/server/http';
import { type Lock, StorageError, systemErrorText, tryLock } from '@chorus/storage';
import { DataSets } from './data-sets/data-sets.ts';
import { Thumbnails } from './data-sets/thumbnails.ts';
import type { StudioActivity, Workspace } from './protocol/workspace.ts';
import { Checks } from './runs/checks.ts';
import { LoadedModel } from './runs/loaded-model.ts';
import { Runs } from './runs/runs.ts';
import { Trainings } from './runs/trainings.ts';

/** Folder of the studio's own files in a workspace. */
const ownFolder = '.chorus-studio';
/** Bytes of the thumbnails in memory, at most. */
const thumbnailBytes = 64 * 2 ** 20;

export interface StudioOptions {
  /** Receives errors that are not the user's; by default they are printed. */
  onError?: ((error: unknown) => void) | undefined;
}

export class Studio {
  /** Absolute path of the folder that it works in. */
  readonly folder: string;
  readonly dataSets: DataSets;
  readonly checks: Checks;
  readonly trainings: Trainings;
  readonly runs: Runs;
  readonly model: LoadedModel;
  readonly thumbnails = new Thumbnails(thumbnailBytes);
  readonly #lock: Lock;

  private constructor(folder: string, { dataSets, lock }: { dataSets: DataSets; lock: Lock }) {
    this.folder = folder;
    this.#lock = lock;
    this.dataSets = dataSets;
    const requireIdle = () => this.trainings.requireNone();
    this.checks = new Checks(folder, requireIdle);
    this.model = new LoadedModel(requireIdle);
    const stopOtherWork = async () => {
      await Promise.all([this.checks.stop(), this.model.release()]);
    };
    this.trainings = new Trainings({ workspace: folder, dataSets, stopOtherWork });
    this.runs = new Runs({ workspace: folder, dataSets, trainings: this.trainings });
  }

  /**
   * Opens a folder, which is created if it does not exist.
   *
   * @returns the studio; the caller closes it.
   * @throws ServerError when the folder cannot be used, or another studio works in it.
   */
  static async open(workspace: string, { onError = console.error }: StudioOptions = {}): Promise<Studio> {
    const folder = resolve(workspace);
    const own = join(folder, ownFolder);
    let lock: Lock;
    try {
      await mkdir(own, { recursive: true });
      lock = await tryLock(join(own, 'studio'));
    } catch (error) {
      if (error instanceof StorageError)
        throw new ServerError(`Another studio works in ${folder}; stop it, or name another folder.`, { cause: error });
      throw new ServerError(`Cannot work in ${folder}: ${systemErrorText(error)}.`, { cause: error });
    }
    try {
      return new Studio(folder, { dataSets: await DataSets.load(folder, join(own, 'data-sets'), onError), lock });
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  get activity(): StudioActivity {
    const { running } = this.trainings;
    if (running !== undefined) return { kind: 'training', run: running.id };
    const dataSet = this.checks.running;
    return dataSet === undefined ? null : { kind: 'check', dataSet };
  }

  async describe(): Promise<Workspace> {
    const presets = presetDescriptions.map(({ name, summary, wantsGpu }) => ({ name, description: summary, wantsGpu }));
    return {
      ...{ folder: this.folder, version: studioVersion, presets, activity: this.activity },
      weights: { source: weightSource({ weights: 'auto' }, process.env) },
      dataSets: this.dataSets.summaries,
      runs: await this.runs.list(),
    };
  }

  /** Stops a training, which can be resumed, and everything else. */
  async close(): Promise<void> {
    await Promise.all([this.trainings.close(), this.checks.stop(), this.model.release(), this.runs.close()]);
    await this.#lock.release();
  }
}

// --- internal ---

const { version: studioVersion } = createRequire(import.meta.url)('../package.json') as { version: string };
