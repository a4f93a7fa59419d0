/** Prepares the native runtime: library and binding, each published whole, once per user and version. */
import { mkdir, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { cacheFolder, publishFolder, removeUnfinished, withLock } from '@chorus/storage';
import { RuntimeError } from '../errors.ts';
import { compileBinding } from './compile.ts';
import { hasBinding, hasLibrary, type NativeRuntime, planNativeRuntime } from './locate.ts';

/**
 * Makes the native runtime ready; does nothing when it is. Safe when several processes call it at once, and after one
 * that was killed half-way.
 *
 * @param onStep hears what is done, in words, as it begins.
 * @throws RuntimeError naming what is missing (python3, pip, a compiler, space, the network) and the command that mends it.
 */
export async function setupRuntime(onStep: (step: string) => void = () => {}): Promise<NativeRuntime> {
  const native = planNativeRuntime();
  if (hasLibrary(native) && hasBinding(native)) return native;
  if (native.ownLibrary && !hasLibrary(native))
    throw new RuntimeError(
      `CHORUS_LIBTENSORFLOW is ${native.libraryFolder}: expected ${native.platform.libraries.join(' and ')} there.`,
    );
  try {
    await withLock(cacheFolder('setup'), () => prepare(native, onStep), {
      onWait: (owner) => onStep(`waiting for process ${owner}, which prepares the native runtime`),
    });
  } catch (error) {
    throw explainStorage(error as NodeJS.ErrnoException);
  }
  return native;
}

/** @throws RuntimeError when a folder's file system has less space than needed; bytes. */
export async function requireSpace(folder: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < neededBytes)
    throw new RuntimeError(
      `TensorFlow's library needs ${gigabytes(neededBytes)} in ${folder}, and ${gigabytes(bavail * bsize)} are free; free some or name another place with CHORUS_CACHE.`,
    );
}

// --- internal ---

/** Runs while nobody else does: another process may have been here while we waited, or was killed half-way. */
async function prepare(native: NativeRuntime, onStep: (step: string) => void): Promise<void> {
  for (const kind of ['tensorflow', 'binding']) await removeUnfinished(cacheFolder(kind));
  if (!hasLibrary(native)) await prepareLibrary(native, onStep);
  if (hasBinding(native)) return;
  onStep(`compiling the binding with ${native.platform.compiler}`);
  await publishFolder(native.bindingFolder, (temporary) => compileBinding(native, temporary), { replace: true });
}

async function prepareLibrary(native: NativeRuntime, onStep: (step: string) => void): Promise<void> {
  const { platform, libraryFolder } = native;
  await mkdir(dirname(libraryFolder), { recursive: true });
  await requireSpace(dirname(libraryFolder), platform.neededBytes);
  // Only needed here, and not when all is ready.
  const { downloadWheels } = await import('./download-wheels.ts');
  const { unpackWheel } = await import('./unpack-wheel.ts');
  const fill = (temporary: string) =>
    downloadWheels(platform, temporary, {
      onDownload: ({ requirement }) => onStep(`downloading ${requirement}`),
      onWheel: async (wheelPath, { requirement, entries }) => {
        onStep(`unpacking ${requirement}`);
        await unpackWheel(wheelPath, entries, temporary);
      },
    });
  await publishFolder(libraryFolder, fill, { replace: true });
}

function explainStorage(error: NodeJS.ErrnoException): Error {
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT')
    return new RuntimeError(`${error.message}: free some space or name another place with CHORUS_CACHE.`);
  if (['EACCES', 'EPERM', 'EROFS', 'ENOTDIR'].includes(error.code ?? ''))
    return new RuntimeError(
      `${cacheFolder()} cannot be written to (${error.code}); name another place with CHORUS_CACHE.`,
    );
  return error;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
