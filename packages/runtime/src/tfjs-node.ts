/** The JavaScript of `@tensorflow/tfjs-node-gpu`: its kernels and its backend, without its index and its native addon. */
import { readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { compileFunction } from 'node:vm';
import type * as tfjs from '@tensorflow/tfjs';
import { vendoredFolder } from './native/vendored.ts';
import type { Binding, NativeBackend } from './tensorflow.ts';

const require = createRequire(join(vendoredFolder, 'package.json'));

export interface TfjsNode {
  NodeJSKernelBackend: new (binding: Binding, packageName: string) => NativeBackend;
  /** Loads and saves models at `file://` URLs. */
  nodeFileSystemRouter: Parameters<typeof tfjs.io.registerLoadRouter>[0];
}

/** Node 22 warns of these two functions of node:util, and node 23 has the first no more. */
const util = {
  isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  isArray: Array.isArray,
};

/** By file, what it requires and gets from here. */
export const substitutes: Readonly<Record<string, Readonly<Record<string, () => unknown>>>> = {
  'dist/nodejs_kernel_backend.js': { util: () => util },
  'dist/kernels/TopK.js': { util: () => util },
  // The package does not declare it as a dependency. All that it exports, @tensorflow/tfjs exports too.
  'dist/kernels/FlipLeftRight.js': { '@tensorflow/tfjs-core': () => require('@tensorflow/tfjs') },
};

/** Registers the kernels in this thread. Another call gives the same. */
export function loadTfjsNode(): TfjsNode {
  for (const [name, modules] of Object.entries(substitutes)) loadWithSubstitutes(require.resolve(`./${name}`), modules);
  require('./dist/register_all_kernels.js');
  const { NodeJSKernelBackend } = require('./dist/nodejs_kernel_backend.js') as TfjsNode;
  const { nodeFileSystemRouter } = require('./dist/io/file_system.js') as TfjsNode;
  return { NodeJSKernelBackend, nodeFileSystemRouter };
}

// --- internal ---

/** Does what `require` does, except for `substitutes`; afterwards, `require` finds the module in its cache. */
function loadWithSubstitutes(path: string, substitutes: Readonly<Record<string, () => unknown>>): void {
  if (require.cache[path] !== undefined) return;
  const module = new Module(path);
  const requireFrom = createRequire(path);
  const requireOrSubstitute = (name: string): unknown => (substitutes[name] ?? (() => requireFrom(name)))();
  const parameters = ['exports', 'require', 'module', '__filename', '__dirname'];
  const run = compileFunction(readFileSync(path, 'utf8'), parameters, { filename: path });
  run(module.exports, requireOrSubstitute, module, path, dirname(path));
  module.filename = path;
  module.loaded = true;
  require.cache[path] = module;
}
