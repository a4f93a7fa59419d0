/** A bundle as models for those who have nothing of ours: tfjs alone, or Keras. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  createPlainEnsemble,
  kerasWeightFile,
  layersModelFiles,
  memberFromBytes,
  type PlainEnsemble,
} from '@chorus/models';
import { publishFolder } from '@chorus/storage';
import * as tf from '@tensorflow/tfjs';
import { type Bundle, readBundle } from '../bundle.ts';
import { ConfigError } from '../errors.ts';
import {
  describeExport,
  type ExportDescription,
  type ExportFormat,
  ensembleFolder,
  exportFormats,
  exportMark,
  kerasWeightNames,
  memberFolder,
} from './description.ts';
import { membersPy } from './members-py.ts';
import { readMe } from './read-me.ts';

export interface ExportResult {
  folder: string;
  description: ExportDescription;
  byteCount: number;
}

/**
 * Writes a bundle's members and its whole ensemble in the formats of others; the folder appears whole.
 *
 * @param options `out`: absolute path of the folder, by default `export-<format>` beside the bundle; an earlier export
 * there is replaced, whole.
 * @throws StorageError for a damaged bundle, ConfigError when something else lies at `out` or there is no such format.
 */
export async function exportBundle(
  bundleFolder: string,
  format: string,
  options: { out?: string } = {},
): Promise<ExportResult> {
  assertFormat(format);
  const folder = options.out ?? join(dirname(bundleFolder), `export-${format}`);
  const replace = await isExport(folder);
  const bundle = await readBundle(bundleFolder);
  // Else tfjs recommends its node package at the first tensor; nothing is computed here.
  tf.enableProdMode();
  await tf.ready();
  const ensemble = plainEnsembleOf(bundle);
  try {
    const description = describeExport(bundle.manifest, ensemble, format);
    let byteCount = 0;
    await publishFolder(
      folder,
      async (temporary) => {
        for await (const [name, content] of filesOf(ensemble, description, format)) {
          await mkdir(dirname(join(temporary, name)), { recursive: true });
          await writeFile(join(temporary, name), content);
          byteCount += Buffer.byteLength(content);
        }
      },
      { replace },
    );
    return { folder, description, byteCount };
  } finally {
    ensemble.dispose();
  }
}

// --- internal ---

function assertFormat(format: string): asserts format is ExportFormat {
  if (!(exportFormats as readonly string[]).includes(format))
    throw new ConfigError(`Expected a format out of ${exportFormats.join(', ')}, received ${JSON.stringify(format)}.`);
}

/**
 * Whether an earlier export lies there, or nothing.
 *
 * @throws ConfigError for anything else, which is not ours to replace.
 */
async function isExport(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] | undefined => {
    if (error.code === 'ENOENT') return [];
    if (error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (names?.length === 0) return false;
  if (names?.includes('export.json')) {
    const content = await readFile(join(folder, 'export.json'), 'utf8');
    if (exportMark.safeParse(parsed(content)).success) return true;
  }
  throw new ConfigError(
    `Expected nothing or an earlier export at ${folder}, received ${
      names === undefined ? 'a file' : `a folder with ${names.slice(0, 3).join(', ')}`
    }; name another place with --out.`,
  );
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function plainEnsembleOf({ manifest, members, stackers }: Bundle): PlainEnsemble {
  const named = members.map(({ name, models }) => ({
    name,
    classifiers: models.map(({ manifest: model, weights }) => memberFromBytes(model, weights)),
  }));
  try {
    const stacker = stackers.get(manifest.chosen)!.toJSON();
    return createPlainEnsemble(named, { mirror: manifest.mirror, stacker });
  } finally {
    for (const classifier of named.flatMap(({ classifiers }) => classifiers)) classifier.dispose();
  }
}

/** One after the other, so that a model's bytes are gone before the next one's are made. */
async function* filesOf(
  ensemble: PlainEnsemble,
  description: ExportDescription,
  format: ExportFormat,
): AsyncGenerator<[name: string, content: string | Uint8Array]> {
  yield ['export.json', `${JSON.stringify(description, null, 2)}\n`];
  yield ['README.md', readMe(description)];
  for (const [name, content] of await layersModelFiles(ensemble.model)) yield [`${ensembleFolder}/${name}`, content];
  for (const member of ensemble.members)
    for (const [name, content] of await layersModelFiles(member.model))
      yield [`${memberFolder(member.name)}/${name}`, content];
  if (format === 'tfjs') return;
  yield ['keras/members.py', membersPy];
  for (const { name, networks } of ensemble.members)
    for (const [index, path] of kerasWeightNames(name, networks.length).entries())
      yield [path, await kerasWeightFile(networks[index]!)];
}
