#!/usr/bin/env node
/** Runs every example on generated images, in a temporary folder, and checks what each prints: `pnpm examples`. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawShapes } from '@chorus/data';

const folder = await mkdtemp(join(tmpdir(), 'chorus-examples-'));
const at = (...names) => join(folder, ...names);
const chorus = fileURLToPath(new URL('../apps/trainer/dist/main.js', import.meta.url));
const weightFile = at('custom/weights/mobilenet_2_5_128_tf_no_top.h5');
try {
  await drawShapes(at('images'), { seed: 1, imagesPerClass: { train: 2, validation: 2 } });
  const images = ['discs', 'stars'].flatMap((name) =>
    [0, 1].map((i) => at('images/train', name, `${name}-0000${i}.png`)),
  );

  await run('train-from-script', ['train.mjs', at('trained')], /\(chosen\)\n(?:.*\n)*bundle: /);
  await run('config-file', [chorus, 'train', '--config', 'chorus.config.ts', '--out', at('config')], /^bundle: /m);
  await run(
    'use-a-bundle',
    ['predict.mjs', at('trained/bundle'), ...images],
    /^(.*\.png: (discs|stars) \([\d.]+ %\)\n){4}$/,
  );
  // With the native library, and without any.
  for (const [backend, environment] of [
    ['onnxruntime', {}],
    ['wasm', { CHORUS_ONNXRUNTIME: 'none' }],
  ])
    await run(
      'classify-with-predictor',
      ['classify.mjs', at('trained/bundle'), ...images],
      new RegExp(`^(.*\\.png: (discs|stars) \\([\\d.]+ %\\), by ${backend}\n){4}$`),
      environment,
    );
  await run(
    'custom-weights',
    ['train.mjs', at('trained/bundle'), at('custom')],
    /^slim: \d+ of \d+ correct, from .*mobilenet_2_5/m,
  );
  await run(
    'features-to-numpy',
    ['features.mjs', 'mobilenet', weightFile, at('f.npy'), ...images],
    /\[4, 256\] float32/,
  );
  const npy = await readFile(at('f.npy'));
  if (npy.subarray(1, 6).toString() !== 'NUMPY') throw new Error('features-to-numpy: expected a NumPy file.');
  await run('three-devices', ['train.mjs', at('three')], /first was .* cpu:0\nsecond was .* cpu:1\nthird was .* cpu:2/);
  console.log('all examples ran');
} finally {
  await rm(folder, { recursive: true });
}

/** Runs `node …` in an example's folder. */
async function run(example, words, expected, environment = {}) {
  const started = Date.now();
  const cwd = fileURLToPath(new URL(`${example}/`, import.meta.url));
  const child = spawn(process.execPath, words, {
    cwd,
    // Package managers pass the user's working folder to the command line in INIT_CWD.
    env: { ...process.env, INIT_CWD: cwd, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const exitCode = await new Promise((done, failed) => child.on('error', failed).on('close', done));
  if (exitCode !== 0 || !expected.test(output))
    throw new Error(`${example}: expected exit code 0 and ${expected}, received ${exitCode} and:\n${output}${errors}`);
  console.log(`${example}: ${((Date.now() - started) / 1000).toFixed(1)} s`);
}
