/** Where the parts of the native runtime lie, and whether they are there. Quick: it runs at the start of every lane. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, sha256 } from '@chorus/storage';
import { RuntimeError } from '../errors.ts';
import { type NativePlatform, nativePlatform } from './platforms.ts';

export interface NativeRuntime {
  platform: NativePlatform;
  /** Has `tensorflow/<libraries>`, `tensorflow/include` and, with a GPU, `nvidia/`; or the user's own build. */
  libraryFolder: string;
  /** Holds the libraries themselves. */
  libraryFiles: string;
  includeFolder: string;
  /** The user's own library, by CHORUS_LIBTENSORFLOW; it is never written to. */
  ownLibrary: boolean;
  bindingFolder: string;
  bindingPath: string;
  quietPath: string;
  frameworkPath: string;
  ccPath: string;
  /** C++ sources of the binding: the patched ones of the npm package, and Chorus' own. */
  bindingSources: string[];
  /** Folders of the binding's own headers. */
  bindingHeaders: string[];
  quietSource: string;
}

const require = createRequire(import.meta.url);

/** Computes where everything is or will be; reads the binding's sources, since their content is part of the name. */
export function planNativeRuntime(): NativeRuntime {
  const platform = nativePlatform();
  const named = process.env.CHORUS_LIBTENSORFLOW;
  const ownLibrary = named !== undefined && named !== '';
  const libraryId = sha256(JSON.stringify(platform.wheels)).slice(0, 16);
  const libraryFolder = ownLibrary ? resolve(named) : cacheFolder('tensorflow', libraryId);
  const libraryFiles = ownLibrary ? libraryFolder : join(libraryFolder, 'tensorflow');

  const bindingRoot = join(dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json')), 'binding');
  const ownRoot = fileURLToPath(new URL('../../native', import.meta.url));
  const quietSource = join(ownRoot, 'quiet.cc');
  const sources = [bindingRoot, ownRoot].flatMap((root) =>
    readdirSync(root)
      .toSorted()
      .map((name) => join(root, name)),
  );
  const contents = sources.map((path) => readFileSync(path, 'utf8'));
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
    quietPath: join(bindingFolder, 'tfjs_quiet.node'),
    frameworkPath: join(libraryFiles, platform.libraries[0]),
    ccPath: join(libraryFiles, platform.libraries[1]),
    bindingSources: sources.filter((path) => path.endsWith('.cc') && path !== quietSource),
    bindingHeaders: [bindingRoot, ownRoot],
    quietSource,
  };
}

/** Both folders appear whole or not at all, so that being there is being ready. */
export function hasLibrary(native: NativeRuntime): boolean {
  return native.platform.libraries.every((name) => existsSync(join(native.libraryFiles, name)));
}

export function hasBinding(native: NativeRuntime): boolean {
  return existsSync(native.bindingPath);
}

/**
 * The native runtime, ready to load.
 *
 * @throws RuntimeError naming what is missing and the command that prepares it.
 */
export function locateNativeRuntime(): NativeRuntime {
  const native = planNativeRuntime();
  if (!hasLibrary(native))
    throw new RuntimeError(
      native.ownLibrary
        ? `CHORUS_LIBTENSORFLOW is ${native.libraryFolder}: expected ${native.platform.libraries.join(' and ')} there.`
        : `TensorFlow's library is not in ${native.libraryFolder}; prepare it with: pnpm turbo setup`,
    );
  if (!hasBinding(native))
    throw new RuntimeError(
      `The TensorFlow binding is not in ${native.bindingFolder}; prepare it with: pnpm turbo setup`,
    );
  return native;
}
