/** Writes the pages of runs. */
import { join } from 'node:path';
import { ConfigError, compareRuns, dataFolder } from '@chorus/orchestration';
import { publishFile } from '@chorus/storage';
import { comparisonPage } from './comparison-page.ts';
import { modelCard } from './model-card.ts';
import { Pictures } from './pictures.ts';
import { readRun } from './run-data.ts';
import { runPage } from './run-page.ts';

export interface RunReportOptions {
  /** The folder of the run's images, if it has been moved; by default the one that the run read. */
  data?: string | undefined;
}

/** Absolute paths of what {@link writeRunReport} has written. */
export interface RunReportFiles {
  page: string;
  /** Null for a run without an ensemble. */
  modelCard: string | null;
}

/**
 * Writes `report.html` and `MODEL_CARD.md` beside the `report.json` of a run, and replaces earlier ones.
 *
 * @throws ConfigError when the path is not a run folder or has no report of this version; StorageError when a file cannot be
 * written.
 * @example
 * const { page } = await writeRunReport('runs/first');
 */
export async function writeRunReport(path: string, { data }: RunReportOptions = {}): Promise<RunReportFiles> {
  const run = await readRun(path);
  const root = data ?? (await sourceOf(run.report.experiment));
  const page = join(run.folder, 'report.html');
  await publishFile(page, await runPage(run, new Pictures(root)));
  const card = modelCard(run);
  if (card === null) return { page, modelCard: null };
  const cardPath = join(run.folder, 'MODEL_CARD.md');
  await publishFile(cardPath, card);
  return { page, modelCard: cardPath };
}

/**
 * Writes a page that compares finished runs.
 *
 * @param out path of the page, which ends in `.html`; an earlier file is replaced.
 * @throws ConfigError when there are fewer than two runs, `out` has another ending, or a path is not a finished run;
 * StorageError when the page cannot be written.
 */
export async function writeComparison(paths: readonly string[], out: string): Promise<void> {
  if (paths.length < 2) throw new ConfigError(`Expected at least two runs to compare, received ${paths.length}.`);
  // Requiring the extension prevents overwriting another file by mistake.
  if (!out.endsWith('.html')) throw new ConfigError(`Expected an output file that ends in .html, received ${out}.`);
  const comparison = await compareRuns(paths);
  const runs = await Promise.all(comparison.runs.map(({ folder }) => readRun(folder)));
  await publishFile(out, await comparisonPage(runs, comparison));
}

// --- internal ---

/** The folder of a run's images; null if it is unknown. */
async function sourceOf(experiment: Record<string, unknown>): Promise<string | null> {
  const { source } = (experiment.data ?? {}) as { source?: unknown };
  return typeof source === 'string' ? await dataFolder(source) : null;
}
