/** Prepares the native runtime: library and binding, each published whole, once per user and version. */
import { mkdir, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { cacheFolder, publishFolder, withLock } from '@chorus/storage';
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
  await withLock(
    cacheFolder('setup'),
    async () => {
      // Another process may have been here while we waited.
      if (!hasLibrary(native)) await prepareLibrary(native, onStep);
      if (!hasBinding(native)) {
        onStep(`compiling the binding with ${native.platform.compiler}`);
        await publishFolder(native.bindingFolder, (temporary) => compileBinding(native, temporary), { replace: true });
      }
    },
    { onWait: (owner) => onStep(`waiting for process ${owner}, which prepares the native runtime`) },
  );
  return native;
}

// --- internal ---

async function prepareLibrary(native: NativeRuntime, onStep: (step: string) => void): Promise<void> {
  const { platform, libraryFolder } = native;
  await mkdir(dirname(libraryFolder), { recursive: true });
  const { bavail, bsize } = await statfs(dirname(libraryFolder));
  if (bavail * bsize < platform.neededBytes)
    throw new RuntimeError(
      `TensorFlow's library needs ${gigabytes(platform.neededBytes)} in ${dirname(libraryFolder)}, and ${gigabytes(bavail * bsize)} are free; free some or name another place with CHORUS_CACHE.`,
    );
  // Only needed here, and not when all is ready.
  const { downloadWheels } = await import('./download-wheels.ts');
  const { unpackWheel } = await import('./unpack-wheel.ts');
  await publishFolder(
    libraryFolder,
    async (temporary) => {
      onStep(`downloading ${platform.wheels.map((wheel) => wheel.requirement).join(', ')}`);
      await downloadWheels(platform, cacheFolder('wheels'), async (wheelPath, wheel) => {
        onStep(`unpacking ${wheel.requirement}`);
        await unpackWheel(wheelPath, wheel.entries, temporary);
      });
    },
    { replace: true },
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
