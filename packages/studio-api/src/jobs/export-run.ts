/** Exports a bundle in a child process. */
import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { compactBundle, exportBundle } from '@chorus/orchestration';
import type { ExportedFiles } from '../protocol/runs.ts';
import type { JobContext, Jobs } from './messages.ts';

/** @throws as `exportBundle` and `compactBundle` of `@chorus/orchestration`. */
export async function exportRun(
  { bundle, format, student = false }: Jobs['export']['request'],
  { signal }: JobContext<'export'>,
): Promise<ExportedFiles> {
  const encoding = /^bundle-(.*)$/.exec(format)?.[1];
  const { folder } = await (encoding === undefined
    ? exportBundle(bundle, format, { student, signal })
    : compactBundle(bundle, encoding, { student, signal }));
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return {
    folder,
    byteCount: sizes.reduce((sum, size) => sum + size, 0),
    files: paths.map((path) => relative(folder, path).replaceAll(sep, '/')).toSorted(),
  };
}
