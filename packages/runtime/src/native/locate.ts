/** Locates the parts of the native runtime. Fast, because it runs at the start of every lane. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cacheFolder, sha256 } from '@chorus/storage';
import { RuntimeError, setupNeeded } from '../errors.ts';
import { nativeFiles, nativeFolder } from './native-files.ts';
import { type NativePlatform, nativePlatform } from './platforms.ts';

export interface NativeRuntime {
  platform: NativePlatform;
  /** Contains `tensorflow/<libraries>`, `tensorflow/include` and, with a GPU, `nvidia/`; or the user's own build. */
  libraryFolder: string;
  /** Contains the library files. */
  libraryFiles: string;
  includeFolder: string;
  /** Whether CHORUS_LIBTENSORFLOW names the user's own library, which Chorus never modifies. */
  ownLibrary: boolean;
  bindingFolder: string;
  bindingPath: string;
  processPath: string;
  frameworkPath: string;
  ccPath: string;
}

/**
 * Computes the paths of all parts, present or not. The name of the binding's folder contains a hash of the library, the
 * compiler's flags, Chorus's own sources, and the patch with the hashes of its result.
 */
export function planNativeRuntime(): NativeRuntime {
  const platform = nativePlatform();
  const named = process.env.CHORUS_LIBTENSORFLOW;
  const ownLibrary = named !== undefined && named !== '';
  const libraryId = sha256(JSON.stringify(platform.wheels)).slice(0, 16);
  const libraryFolder = ownLibrary ? resolve(named) : cacheFolder('tensorflow', libraryId);
  const libraryFiles = ownLibrary ? libraryFolder : join(libraryFolder, 'tensorflow');

  const contents = nativeFiles.map((name) => readFileSync(join(nativeFolder, name), 'utf8'));
  const bindingId = sha256([libraryFolder, ...platform.compilerFlags, ...contents].join('\0')).slice(0, 16);
  const bindingFolder = cacheFolder('binding', bindingId);
  return {
    platform,
    libraryFolder,
    libraryFiles,
    includeFolder: join(libraryFiles, 'include'),
    ownLibrary,
    bindingFolder,
    bindingPath: join(bindingFolder, 'tfjs_binding.node'),
    processPath: join(bindingFolder, 'tfjs_process.node'),
    frameworkPath: join(libraryFiles, platform.libraries[0]),
    ccPath: join(libraryFiles, platform.libraries[1]),
  };
}

/** Both folders are published atomically, so a folder that exists is complete. */
export function hasLibrary(native: NativeRuntime): boolean {
  return native.platform.libraries.every((name) => existsSync(join(native.libraryFiles, name)));
}

export function hasBinding(native: NativeRuntime): boolean {
  return existsSync(native.bindingPath);
}

/**
 * Returns the native runtime if it is ready to load.
 *
 * @throws RuntimeError naming the missing part.
 */
export function locateNativeRuntime(): NativeRuntime {
  const native = planNativeRuntime();
  if (!hasLibrary(native))
    throw native.ownLibrary
      ? new RuntimeError(
          `CHORUS_LIBTENSORFLOW is ${native.libraryFolder}: expected ${native.platform.libraries.join(' and ')} there.`,
        )
      : setupNeeded(`TensorFlow's library is not in ${native.libraryFolder}: the native runtime is not set up.`);
  if (!hasBinding(native))
    throw setupNeeded(`The TensorFlow binding is not in ${native.bindingFolder}: the native runtime is not set up.`);
  return native;
}
