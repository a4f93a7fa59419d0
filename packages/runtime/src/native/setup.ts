/** Sets up the native runtime: library and binding, each published atomically, once per user and version. */
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder, makeFolder, publishFolder, removeUnfinished, systemErrorText, withLock } from '@chorus/storage';
import { RuntimeError } from '../errors.ts';
import { compileBinding } from './compile.ts';
import { hasBinding, hasLibrary, type NativeRuntime, planNativeRuntime } from './locate.ts';
import { hasOnnxruntime, type OnnxruntimePlace, planOnnxruntime } from './locate-onnxruntime.ts';
import { beginStep, type OnSetupProgress, runStep } from './setup-step.ts';

/**
 * Sets up the native runtime; does nothing if it is ready. Safe for concurrent processes and after a kill.
 *
 * @param onProgress is called when each step begins, about every second while it runs, and when it ends; never if
 * everything is ready.
 * @throws RuntimeError naming what is missing (python3, pip, a compiler, space, the network) and the command that fixes it.
 */
export async function setupRuntime(onProgress: OnSetupProgress = () => {}): Promise<NativeRuntime> {
  const native = planNativeRuntime();
  if (hasLibrary(native) && hasBinding(native) && onnxruntimeToPrepare() === undefined) return native;
  if (native.ownLibrary && !hasLibrary(native))
    throw new RuntimeError(
      `CHORUS_LIBTENSORFLOW is ${native.libraryFolder}: expected ${native.platform.libraries.join(' and ')} there.`,
    );
  await takeTurn(() => prepare(native, onProgress), onProgress);
  return native;
}

/**
 * Sets up onnxruntime only, which classifies with a bundle and needs neither Python nor a compiler. Does nothing if it is ready, or
 * if this machine cannot run it. Safe for concurrent processes and after a kill.
 *
 * @param onProgress as of {@link setupRuntime}.
 * @throws RuntimeError naming what is missing (npm, space, the network) and the command that fixes it.
 */
export async function setupOnnxruntime(onProgress: OnSetupProgress = () => {}): Promise<void> {
  if (onnxruntimeToPrepare() === undefined) return;
  await takeTurn(async () => {
    await removeUnfinished(cacheFolder('onnxruntime'));
    await prepareMissingOnnxruntime(onProgress);
  }, onProgress);
}

/** @throws RuntimeError when the file system of `folder` has fewer than `neededBytes` free. */
export async function requireSpace(folder: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < neededBytes)
    throw new RuntimeError(
      `TensorFlow's library needs ${gigabytes(neededBytes)} in ${folder}, but only ${gigabytes(bavail * bsize)} are free; free some space or set CHORUS_CACHE to another folder.`,
    );
}

// --- internal ---

/** Runs work under the lock of the setup. */
async function takeTurn(work: () => Promise<void>, onProgress: OnSetupProgress): Promise<void> {
  let endWaiting: ReturnType<typeof beginStep> | undefined;
  const workInTurn = async () => {
    await endWaiting?.('done');
    await work();
  };
  const onWait = (owner = 'unknown') => {
    endWaiting = beginStep(`waiting for process ${owner ?? 'unknown'} to set up the native runtime`, onProgress);
  };
  try {
    await withLock(cacheFolder('setup'), workInTurn, { onWait });
  } catch (error) {
    throw explainStorage(error as NodeJS.ErrnoException);
  } finally {
    await endWaiting?.('failed');
  }
}

/** Runs under the lock: another process may have set up a part during the wait, or may have been killed. */
async function prepare(native: NativeRuntime, onProgress: OnSetupProgress): Promise<void> {
  for (const kind of ['tensorflow', 'onnxruntime', 'binding']) await removeUnfinished(cacheFolder(kind));
  if (!hasLibrary(native)) await prepareLibrary(native, onProgress);
  if (!hasBinding(native))
    await runStep(`compiling the binding with ${native.platform.compiler}`, onProgress, () =>
      publishFolder(native.bindingFolder, (temporary) => compileBinding(native, temporary), { replace: true }),
    );
  await prepareMissingOnnxruntime(onProgress);
}

async function prepareMissingOnnxruntime(onProgress: OnSetupProgress): Promise<void> {
  const place = onnxruntimeToPrepare();
  if (place === undefined) return;
  // Imported only here: not needed if everything is ready.
  const { prepareOnnxruntime } = await import('./download-onnxruntime.ts');
  await prepareOnnxruntime(place, onProgress);
}

/** The place of onnxruntime if this machine can run it and it is missing. */
function onnxruntimeToPrepare(): OnnxruntimePlace | undefined {
  const place = planOnnxruntime();
  return 'obstacle' in place || place.own || hasOnnxruntime(place) ? undefined : place;
}

async function prepareLibrary(native: NativeRuntime, onProgress: OnSetupProgress): Promise<void> {
  const { platform, libraryFolder } = native;
  await makeFolder(dirname(libraryFolder));
  await requireSpace(dirname(libraryFolder), platform.neededBytes);
  // Imported only here: not needed if everything is ready.
  const { downloadWheel } = await import('./download-wheel.ts');
  const { unpackWheel } = await import('./unpack-wheel.ts');
  const fill = async (temporary: string) => {
    for (const wheel of platform.wheels) {
      const { requirement, entries } = wheel;
      let totalBytes: number | undefined;
      const onSize = (bytes: number) => {
        totalBytes = bytes;
      };
      const place = await mkdtemp(join(temporary, 'download-'));
      const wheelPath = await runStep(
        `downloading ${requirement}`,
        onProgress,
        () => downloadWheel(platform, wheel, place, onSize),
        { folder: place, totalBytes: () => totalBytes },
      );
      await runStep(`unpacking ${requirement}`, onProgress, () => unpackWheel(wheelPath, entries, temporary), {
        folder: temporary,
      });
      await rm(place, { recursive: true });
    }
  };
  await publishFolder(libraryFolder, fill, { replace: true });
}

function explainStorage(error: NodeJS.ErrnoException): Error {
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT')
    return new RuntimeError(
      `Cannot write to ${cacheFolder()}: ${systemErrorText(error)}; free some space or set CHORUS_CACHE to another folder.`,
    );
  if (['EACCES', 'EPERM', 'EROFS', 'ENOTDIR'].includes(error.code ?? ''))
    return new RuntimeError(
      `Cannot write to ${cacheFolder()}: ${systemErrorText(error)}; set CHORUS_CACHE to another folder.`,
    );
  return error;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
