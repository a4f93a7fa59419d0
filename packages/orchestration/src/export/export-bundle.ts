/** Exports a bundle as models that need only tfjs or Keras. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPlainEnsemble, kerasWeightFile, layersModelFiles, type PlainEnsemble } from '@chorus/models';
import { publishFolder } from '@chorus/storage';
import tf from '@chorus/tfjs';
import { type Bundle, readBundle, studentBundle } from '../bundle.ts';
import { requireWritable, writingTo } from '../output-place.ts';
import {
  describeExport,
  type ExportContents,
  type ExportDescription,
  ensembleFolder,
  exportFormats,
  formatAmong,
  type ImageInput,
  kerasWeightNames,
  memberFolder,
} from './description.ts';
import { isEarlierExport } from './earlier-export.ts';
import { loadMembers } from './load-members.ts';
import { membersPy } from './members-py.ts';
import { requireOutside } from './outside-bundle.ts';
import { readMe } from './read-me.ts';
import { readMeOfOnnx } from './read-me-of-onnx.ts';
import { throwIfStopped } from './throw-if-stopped.ts';

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
  formatName: string,
  options: { out?: string; student?: boolean; signal?: AbortSignal } = {},
): Promise<ExportResult> {
  const format = formatAmong(exportFormats, formatName);
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
  const exported = format === 'onnx' ? await onnxExport(bundle, isStudent) : layersExport(bundle, format, isStudent);
  try {
    const contents = await describeExport(bundle.manifest, exported.inputs, format, isStudent);
    const files: string[] = [];
    let byteCount = 0;
    const fill = async (temporary: string) => {
      for await (const [name, content] of filesOf(exported, contents, files)) {
        throwIfStopped(options.signal);
        await mkdir(dirname(join(temporary, name)), { recursive: true });
        await writeFile(join(temporary, name), content);
        files.push(name);
        byteCount += Buffer.byteLength(content);
      }
    };
    await writingTo(folder, () => publishFolder(folder, fill, { replace }));
    return { folder, description: { ...contents, files }, byteCount };
  } finally {
    exported.dispose();
  }
}

// --- internal ---

type NamedFiles = AsyncGenerator<[name: string, content: string | Uint8Array]>;

/** The models of an export, in a format. */
interface ExportedModels {
  inputs: ImageInput[];
  readMe(contents: ExportContents): string;
  /** Generates the files one at a time, so that only one model's bytes are in memory. */
  files(): NamedFiles;
  dispose(): void;
}

async function onnxExport(bundle: Bundle, isStudent: boolean): Promise<ExportedModels> {
  // Only this format needs the encoder.
  const { onnxModels } = await import('./onnx-models.ts');
  const { inputs, files, dispose } = onnxModels(bundle, isStudent);
  return { inputs, files, dispose, readMe: readMeOfOnnx };
}

function layersExport(bundle: Bundle, format: 'keras' | 'tfjs', isStudent: boolean): ExportedModels {
  const ensemble = plainEnsembleOf(bundle);
  return {
    inputs: ensemble.model.inputs.map((input) => ({ name: input.name, size: input.shape[1]! })),
    readMe,
    files: () => layersFiles(ensemble, format, isStudent),
    dispose: () => ensemble.dispose(),
  };
}

function plainEnsembleOf(bundle: Bundle): PlainEnsemble {
  const { chosen, testTimeAugmentation, calibration } = bundle.manifest;
  const { members, dispose } = loadMembers(bundle);
  try {
    const stacker = bundle.stackers.get(chosen)!.toJSON();
    return createPlainEnsemble(members, { testTimeAugmentation, stacker, calibration });
  } finally {
    dispose();
  }
}

/** @param before names of the files generated so far. */
async function* filesOf(exported: ExportedModels, contents: ExportContents, before: readonly string[]): NamedFiles {
  yield ['README.md', exported.readMe(contents)];
  yield ['resize.mjs', await readFile(fileURLToPath(import.meta.resolve('@chorus/data/page/resize.mjs')))];
  yield* exported.files();
  const description: ExportDescription = { ...contents, files: [...before, 'export.json'] };
  yield ['export.json', `${JSON.stringify(description, null, 2)}\n`];
}

async function* layersFiles(ensemble: PlainEnsemble, format: 'keras' | 'tfjs', isStudent: boolean): NamedFiles {
  // The ensemble of a single member is the member.
  if (!isStudent)
    for (const [name, content] of await layersModelFiles(ensemble.model)) yield [`${ensembleFolder}/${name}`, content];
  for (const member of ensemble.members)
    for (const [name, content] of await layersModelFiles(member.model))
      yield [`${memberFolder(member.name)}/${name}`, content];
  if (format !== 'keras') return;
  yield ['keras/members.py', membersPy];
  for (const { name, networks } of ensemble.members)
    for (const [index, path] of kerasWeightNames(name, networks.length).entries())
      yield [path, await kerasWeightFile(networks[index]!)];
}
