/** Compares features and a linear head on real weights and photographs, from `../shared/data` beside the clone. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '@chorus/python';
import type { Finding } from '../finding.ts';
import { repository, runScript } from '../python.ts';

const data = join(repository, '../shared/data');

/** Returns whether the photographs and weights exist. */
export function hasPhotographs(): boolean {
  return existsSync(join(data, 'pretrained')) && existsSync(join(data, 'cats-vs-dogs'));
}

interface RealWeights {
  backbone: string;
  alpha: number;
  file: string;
  size: number;
  /** Number of 1,000 images that a linear head at 160 px classifies correctly, according to the README of the weights. */
  headRight?: number;
}

const realWeights: readonly RealWeights[] = [
  {
    backbone: 'mobilenet-v2',
    alpha: 1,
    file: 'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5',
    size: 224,
    headRight: 979,
  },
  { backbone: 'mobilenet', alpha: 1, file: 'mobilenet_1_0_224_tf_no_top.h5', size: 224, headRight: 969 },
  { backbone: 'mobilenet', alpha: 0.75, file: 'mobilenet_7_5_192_tf_no_top.h5', size: 192, headRight: 967 },
  { backbone: 'mobilenet', alpha: 0.5, file: 'mobilenet_5_0_160_tf_no_top.h5', size: 160 },
  { backbone: 'mobilenet', alpha: 0.25, file: 'mobilenet_2_5_128_tf_no_top.h5', size: 128 },
];

/** Returns the paths of 100 photographs. */
export function somePhotographs(): string[] {
  return ['cats', 'dogs'].flatMap((name) => photographs('validation', name).slice(0, 50));
}

/** Compares, by name of the weights, features of 100 photographs from `chorus features` and from Keras, and linear heads. */
export async function comparePhotographs(python: string, folder: string): Promise<[string, Finding[]][]> {
  const some = somePhotographs();
  const compared: [string, Finding[]][] = [];
  for (const { backbone, alpha, file, size, headRight } of realWeights) {
    const weights = join(data, 'pretrained', file);
    const options = ['--backbone', backbone, '--alpha', `${alpha}`, '--weights', weights];
    const out = join(folder, 'features.npy');
    const parameters = [...options, '--size', `${size}`, '--out', out, ...some];
    await features(parameters);
    // Exits with 1 if an error exceeds its limit, which the table shows.
    const lines = await runScript(python, 'features_check.py', parameters, { exitCodes: [0, 1] });
    const findings = lines.map((line) => JSON.parse(line) as Finding);
    if (findings.length === 0) throw new Error(`features_check.py printed nothing for ${file}.`);
    if (headRight !== undefined) findings.push(await checkHead(python, folder, options, headRight));
    compared.push([`${backbone}-${alpha}, real`, findings]);
  }
  return compared;
}

// --- internal ---

const headSize = 160;
/** Tolerance, of 1,000 images, for other versions of the solver or of Pillow. */
const headLimit = 5;

async function checkHead(
  python: string,
  folder: string,
  options: readonly string[],
  expected: number,
): Promise<Finding> {
  const [train, test] = [join(folder, 'train.npy'), join(folder, 'test.npy')];
  for (const [part, out] of [
    ['train', train],
    ['validation', test],
  ] as const) {
    const files = ['cats', 'dogs'].flatMap((name) => photographs(part, name));
    await features([...options, '--size', `${headSize}`, '--out', out, ...files]);
  }
  const [right] = await runScript(python, 'linear_head.py', [train, test]);
  const worst = Math.abs(Number(right) - expected);
  return {
    check: `linear head: ${right} of 1,000 correct, expected ${expected}`,
    worst,
    limit: headLimit,
    where: `${headSize} px`,
  };
}

async function features(parameters: readonly string[]): Promise<void> {
  await runProgram(process.execPath, [join(repository, 'apps/trainer/dist/main.js'), 'features', ...parameters]);
}

function photographs(part: string, name: string): string[] {
  const folder = join(data, 'cats-vs-dogs', part, name);
  return readdirSync(folder)
    .toSorted()
    .map((file) => join(folder, file));
}
