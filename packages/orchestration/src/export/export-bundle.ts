/** Exports a bundle as models that need only tfjs or Keras. */
import { mkdir, realpath, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import {
  type Classifier,
  createPlainEnsemble,
  kerasWeightFile,
  layersModelFiles,
  memberFromBytes,
  type PlainEnsemble,
} from '@chorus/models';
import { publishFolder } from '@chorus/storage';
import tf from '@chorus/tfjs';
import { StoppedError } from '@chorus/training';
import { type Bundle, readBundle, studentBundle } from '../bundle.ts';
import { advise, ConfigError } from '../errors.ts';
import { requireWritable, writingTo } from '../output-place.ts';
import {
  describeExport,
  type ExportContents,
  type ExportDescription,
  type ExportFormat,
  ensembleFolder,
  exportFormats,
  kerasWeightNames,
  memberFolder,
} from './description.ts';
import { isEarlierExport } from './earlier-export.ts';
import { membersPy } from './members-py.ts';
import { readMe } from './read-me.ts';

export interface ExportResult {
  folder: string;
  description: ExportDescription;
  byteCount: number;
}

/**
 * Exports a bundle's members and its whole ensemble, or its student alone; the folder appears atomically.
 *
 * @param options `out`: path of the folder, by default `export-<format>` (of the student: `export-student-<format>`) beside the bundle; replaces an
 * earlier export. `student`: exports the student alone. `signal`: stops before the next file and removes what was written.
 * @throws StorageError for a damaged bundle; ConfigError for an unknown format, a bundle without a student, or when `out` has other files, is inside the
 * bundle or is not writable; StoppedError after `signal`.
 */
export async function exportBundle(
  bundleFolder: string,
  format: string,
  options: { out?: string; student?: boolean; signal?: AbortSignal } = {},
): Promise<ExportResult> {
  assertFormat(format);
  const isStudent = options.student ?? false;
  const defaultName = isStudent ? `export-student-${format}` : `export-${format}`;
  const folder = resolve(options.out ?? join(dirname(resolve(bundleFolder)), defaultName));
  const whole = await readBundle(bundleFolder);
  const bundle = isStudent ? studentBundle(whole) : whole;
  const replace = await writingTo(folder, async () => {
    await requireOutside(bundleFolder, folder);
    return isEarlierExport(folder);
  });
  await requireWritable(dirname(folder));
  // Suppresses the advice to install tfjs-node, which would not help: an export computes nothing.
  tf.enableProdMode();
  await tf.ready();
  const ensemble = plainEnsembleOf(bundle);
  try {
    const contents = describeExport(bundle.manifest, ensemble, format, isStudent);
    const files: string[] = [];
    let byteCount = 0;
    const fill = async (temporary: string) => {
      for await (const [name, content] of filesOf(ensemble, contents, format, files)) {
        if (options.signal?.aborted) throw new StoppedError('Stopped; nothing was written.');
        await mkdir(dirname(join(temporary, name)), { recursive: true });
        await writeFile(join(temporary, name), content);
        files.push(name);
        byteCount += Buffer.byteLength(content);
      }
    };
    await writingTo(folder, () => publishFolder(folder, fill, { replace }));
    return { folder, description: { ...contents, files }, byteCount };
  } finally {
    ensemble.dispose();
  }
}

// --- internal ---

function assertFormat(format: string): asserts format is ExportFormat {
  if (!(exportFormats as readonly string[]).includes(format))
    throw new ConfigError(`Unknown format ${JSON.stringify(format)}; expected one of: ${exportFormats.join(', ')}.`);
}

/** An extra folder invalidates the bundle. */
async function requireOutside(bundleFolder: string, folder: string): Promise<void> {
  const way = relative(await realPlace(bundleFolder), await realPlace(folder));
  if (!isAbsolute(way) && way.split(sep)[0] !== '..')
    throw advise(new ConfigError(`Expected a folder outside the bundle, received ${folder}.`), {
      code: 'output-place',
    });
}

/** The real path of a file or folder that may not exist yet. */
async function realPlace(path: string): Promise<string> {
  return realpath(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' || dirname(path) === path) throw error;
    return join(await realPlace(dirname(path)), basename(path));
  });
}

function plainEnsembleOf({ manifest, members, stackers }: Bundle): PlainEnsemble {
  const made: Classifier[] = [];
  try {
    const named = members.map(({ name, models }) => ({
      name,
      classifiers: models.map(({ manifest: model, weights }) => {
        const classifier = memberFromBytes(model, weights);
        made.push(classifier);
        return classifier;
      }),
    }));
    const { chosen, testTimeAugmentation, calibration } = manifest;
    const stacker = stackers.get(chosen)!.toJSON();
    return createPlainEnsemble(named, { testTimeAugmentation, stacker, calibration });
  } finally {
    for (const classifier of made) classifier.dispose();
  }
}

/**
 * Generates the files one at a time, so that only one model's bytes are in memory.
 *
 * @param before names of the files generated so far.
 */
async function* filesOf(
  ensemble: PlainEnsemble,
  contents: ExportContents,
  format: ExportFormat,
  before: readonly string[],
): AsyncGenerator<[name: string, content: string | Uint8Array]> {
  yield ['README.md', readMe(contents)];
  // The ensemble of a single member is the member.
  if (!contents.student)
    for (const [name, content] of await layersModelFiles(ensemble.model)) yield [`${ensembleFolder}/${name}`, content];
  for (const member of ensemble.members)
    for (const [name, content] of await layersModelFiles(member.model))
      yield [`${memberFolder(member.name)}/${name}`, content];
  if (format === 'keras') {
    yield ['keras/members.py', membersPy];
    for (const { name, networks } of ensemble.members)
      for (const [index, path] of kerasWeightNames(name, networks.length).entries())
        yield [path, await kerasWeightFile(networks[index]!)];
  }
  const description: ExportDescription = { ...contents, files: [...before, 'export.json'] };
  yield ['export.json', `${JSON.stringify(description, null, 2)}\n`];
}
