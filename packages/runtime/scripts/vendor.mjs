// Copies the parts of @tensorflow/tfjs-node-gpu that Chorus uses to dist: the binding's C++ sources and the JavaScript.
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { publishFolder } from '@chorus/storage';
import { publishedSources } from '../dist/native/binding-sources.js';
import { vendoredFolder } from '../dist/native/vendored.js';

const require = createRequire(import.meta.url);
const packageFolder = dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json'));

/** In `dist`: folders and files. */
const javaScript = [
  'int64_tensors.js',
  'io/file_system.js',
  'io/io_utils.js',
  'kernels/',
  'nodejs_kernel_backend.js',
  'proto/',
  'register_all_kernels.js',
];

const names = [
  'package.json',
  ...[...(await publishedSources(packageFolder)).keys()].map((name) => join('binding', name)),
];
for (const name of await readdir(join(packageFolder, 'dist'), { recursive: true }))
  if (/(?<!_test)\.js$/.test(name) && javaScript.some((start) => name.startsWith(start)))
    names.push(join('dist', name));

async function fill(folder) {
  for (const name of names) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await copyFile(join(packageFolder, name), join(folder, name));
  }
}
await publishFolder(vendoredFolder, fill, { replace: true });
