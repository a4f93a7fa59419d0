/** Loads the JavaScript of `@tensorflow/tfjs-node-gpu`: its kernels and backend, without its index and native addon. */
import { readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { compileFunction } from 'node:vm';
import type tfjs from '@chorus/tfjs';
import { vendoredFolder } from './native/vendored.ts';
import type { Binding, NativeBackend } from './tensorflow.ts';

const require = createRequire(join(vendoredFolder, 'package.json'));

export interface TfjsNode {
  NodeJSKernelBackend: new (binding: Binding, packageName: string) => NativeBackend;
  /** Loads and saves models at `file://` URLs. */
  nodeFileSystemRouter: Parameters<typeof tfjs.io.registerLoadRouter>[0];
}

/** Node 22 deprecates these two functions of node:util, and node 23 removes the first. */
const util = {
  isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  isArray: Array.isArray,
};

/** Modules to substitute, by the file that requires them. */
export const substitutes: Readonly<Record<string, Readonly<Record<string, () => unknown>>>> = {
  'dist/nodejs_kernel_backend.js': { util: () => util },
  'dist/kernels/TopK.js': { util: () => util },
  // Not a declared dependency of the package; tfjs has the same exports.
  'dist/kernels/FlipLeftRight.js': { '@tensorflow/tfjs-core': () => require('@chorus/tfjs') },
};

/** Registers the kernels in this thread; idempotent. */
export function loadTfjsNode(): TfjsNode {
  for (const [name, modules] of Object.entries(substitutes)) loadWithSubstitutes(require.resolve(`./${name}`), modules);
  require('./dist/register_all_kernels.js');
  const { NodeJSKernelBackend } = require('./dist/nodejs_kernel_backend.js') as TfjsNode;
  const { nodeFileSystemRouter } = require('./dist/io/file_system.js') as TfjsNode;
  return { NodeJSKernelBackend, nodeFileSystemRouter };
}

// --- internal ---

/** Loads a module like `require`, but with `substitutes`, and adds it to the cache of `require`. */
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
