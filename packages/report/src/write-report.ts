/** Writes `report.html` and `MODEL_CARD.md` into a run folder. */
import { join } from 'node:path';
import { dataFolder } from '@chorus/orchestration';
import { publishFile } from '@chorus/storage';
import { Pictures } from './pictures.ts';
import { readRun } from './run-data.ts';
import { runPage } from './run-page.ts';

export interface WriteReportOptions {
  /** The folder of the run's images, if it has been moved; by default the one that the run read. */
  data?: string | undefined;
}

/**
 * Writes the page of a run beside its `report.json`, and replaces an earlier one.
 *
 * @returns absolute path of the page.
 * @throws ConfigError when the path is not a run folder or has no report of this version; StorageError when the page cannot be
 * written.
 * @example
 * const page = await writeRunReport('runs/first');
 */
export async function writeRunReport(path: string, { data }: WriteReportOptions = {}): Promise<string> {
  const run = await readRun(path);
  const root = data ?? (await sourceOf(run.report.experiment));
  const page = join(run.folder, 'report.html');
  await publishFile(page, await runPage(run, new Pictures(root)));
  return page;
}

// --- internal ---

/** The folder of a run's images; null if it is unknown. */
async function sourceOf(experiment: Record<string, unknown>): Promise<string | null> {
  const { source } = (experiment.data ?? {}) as { source?: unknown };
  return typeof source === 'string' ? await dataFolder(source) : null;
}
