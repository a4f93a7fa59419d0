import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import tf from '@chorus/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Classifier, createClassifier } from '../classifier/classifier.ts';
import { ModelError } from '../errors.ts';
import { checkBackboneWeights } from './check-backbone-weights.ts';
import { checkWeightFile } from './check-weight-file.ts';
import { h5File, layersOf, topOf, writeCountedLayers, writeLayers } from './h5.fixture.ts';
import { loadBackboneWeights } from './load-backbone-weights.ts';
import { safetensorsFile, type TensorToWrite, tensorsOf, torchTopOf } from './safetensors.fixture.ts';
import { variantOfFile } from './variant-of-file.ts';

const realFile = join(import.meta.dirname, '../../../../../shared/data/pretrained/tf_efficientnet_lite0.safetensors');
const name = 'some.safetensors';

let classifier: Classifier;
let tensors: TensorToWrite[];
/** Hashes of the weights, in order. */
let expected: string[];

beforeAll(async () => {
  await tf.setBackend('cpu');
  const backbone = { family: 'efficientnet-lite0', inputSize: 32 } as const;
  classifier = createClassifier({ backbone, classes: ['a', 'b'], seed: 1 });
  tensors = tensorsOf(classifier);
  expected = layersOf(classifier).flatMap(({ weights }) => weights.map(({ values }) => hashOf(values)));
});
afterAll(() => classifier.dispose());

/** Millions of numbers would take seconds to compare one by one. */
function hashOf({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex');
}

const backboneHashes = () => classifier.backboneWeights.map(({ variable }) => hashOf(variable.dataSync()));

function clear(): void {
  tf.tidy(() => {
    for (const { variable } of classifier.backboneWeights) variable.assign(tf.zeros(variable.shape));
  });
}

describe('loadBackboneWeights', () => {
  it.each<[string, () => Promise<{ name: string; bytes: Uint8Array }>]>([
    ['sorted by name', async () => ({ name, bytes: safetensorsFile(tensors) })],
    ['in any order', async () => ({ name, bytes: safetensorsFile(tensors.toReversed(), { format: 'pt' }) })],
    [
      "with timm's classifier, and under a name in capitals",
      async () => ({ name: 'SOME.SAFETENSORS', bytes: safetensorsFile([...torchTopOf(classifier), ...tensors]) }),
    ],
    [
      'as .h5 with the same names of layers',
      async () => ({ name: 'some.h5', bytes: await h5File((file) => writeLayers(file, layersOf(classifier))) }),
    ],
    [
      'as .weights.h5 with the top, under any name',
      async () => {
        const layers = [...layersOf(classifier), topOf(classifier, 'classifier')];
        return { name, bytes: await h5File((file) => writeCountedLayers(file, layers)) };
      },
    ],
  ])('sets every weight of the backbone from a file %s', async (_, write) => {
    const file = await write();
    clear();
    const tensorCount = tf.memory().numTensors;
    await loadBackboneWeights(classifier, file);
    expect(backboneHashes()).toEqual(expected);
    expect(tf.memory().numTensors).toBe(tensorCount);
    await checkWeightFile(file);
    await checkBackboneWeights({ family: 'efficientnet-lite0', variant: '1' }, file);
  });

  const changed = (tensorName: string, change: Partial<TensorToWrite>) =>
    tensors.map((tensor) => (tensor.name === tensorName ? { ...tensor, ...change } : tensor));
  const values = (tensorName: string, ...first: number[]) => {
    const copy = (tensors.find((one) => one.name === tensorName)!.values as Float32Array).slice();
    copy.set(first);
    return copy;
  };
  it.each<[string, () => TensorToWrite[], string]>([
    [
      'a missing layer',
      () => tensors.filter(({ name: one }) => one !== 'blocks.1.0.conv_dw.weight'),
      'expected layer blocks.1.0.conv_dw at position 9 of 98, received no layer of this name; the file must contain the tensors of timm.create_model("tf_efficientnet_lite0") alone: safetensors.torch.save_file(model.state_dict(), "x.safetensors").',
    ],
    [
      'a missing weight',
      () => tensors.filter(({ name: one }) => one !== 'bn1.bias'),
      'bn1: expected gamma [32], beta [32], moving_mean [32], moving_variance [32], received gamma [32], moving_mean [32], moving_variance [32].',
    ],
    [
      'another weight',
      () => [...tensors, { name: 'conv_stem.bias', shape: [1], values: new Float32Array(1) }],
      'conv_stem: expected kernel [3, 3, 3, 32], received kernel [3, 3, 3, 32], bias [1].',
    ],
    [
      'a kernel of another shape',
      () => changed('conv_stem.weight', { shape: [3, 32, 3, 3] }),
      'conv_stem: expected kernel [3, 3, 3, 32], received kernel [3, 3, 32, 3].',
    ],
    [
      'a flat kernel',
      () => changed('conv_stem.weight', { shape: [864] }),
      'conv_stem: expected kernel [3, 3, 3, 32], received weight [864].',
    ],
    [
      'another layer',
      () => [...tensors, { name: 'blocks.7.0.conv_pw.weight', shape: [1, 2, 1, 1], values: new Float32Array(2) }],
      `expected nothing after the backbone except timm's classifier of 1280 features, received blocks.7.0.conv_pw with [1, 1, 2, 1]; save the tensors of timm.create_model("tf_efficientnet_lite0") alone`,
    ],
    [
      'a top of other features',
      () => [...tensors, ...torchTopOf(classifier).map((one) => ({ ...one, shape: [2, one.values.byteLength / 8] }))],
      'received classifier with [1280, 2] and [2, 1]; save the tensors of timm',
    ],
    [
      'a number that is not finite',
      () => changed('blocks.0.0.conv_dw.weight', { values: values('blocks.0.0.conv_dw.weight', 0, Number.NaN) }),
      // In TensorFlow's layout, the second number of the first filter is behind those of the other channels.
      'blocks.0.0.conv_dw: expected finite numbers in depthwise_kernel, received NaN at index 32.',
    ],
    [
      'an infinite number',
      () => changed('bn2.weight', { values: values('bn2.weight', Number.NEGATIVE_INFINITY) }),
      'bn2: expected finite numbers in gamma, received -Infinity at index 0.',
    ],
    [
      'a negative variance',
      () => changed('bn1.running_var', { values: values('bn1.running_var', -1) }),
      'bn1: expected variances of 0 or more in moving_variance, received -1 at index 0.',
    ],
    [
      '16-bit floats',
      () => changed('bn1.bias', { dtype: 'BF16', values: new Uint16Array(32) }),
      'bn1.bias: expected 32-bit floats (F32), received BF16; save model.float().state_dict().',
    ],
    ['no tensors', () => [], 'expected layer conv_stem at position 1 of 98, received the end of the file'],
  ])('refuses %s, and changes nothing', async (_, write, message) => {
    const bytes = safetensorsFile(write());
    const before = backboneHashes();
    const tensorCount = tf.memory().numTensors;
    const attempt = loadBackboneWeights(classifier, { name, bytes });
    await expect(attempt).rejects.toThrow(ModelError);
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toThrow(/^some\.safetensors: [^\n]+$/);
    expect(backboneHashes()).toEqual(before);
    expect(tf.memory().numTensors).toBe(tensorCount);
  });

  it('names both backbones when the file is of another one', async () => {
    const backbone = { family: 'mobilenet', alpha: 0.25, inputSize: 32 } as const;
    const other = createClassifier({ backbone, classes: ['a', 'b'], seed: 1 });
    await expect(loadBackboneWeights(other, { name, bytes: safetensorsFile(tensors) })).rejects.toThrow(
      'some.safetensors: expected weights of mobilenet 0.25, received those of efficientnet-lite0; choose',
    );
    const stored = layersOf(other);
    other.dispose();
    const bytes = await h5File((file) => writeLayers(file, stored));
    await expect(loadBackboneWeights(classifier, { name: 'some.h5', bytes })).rejects.toThrow(
      'some.h5: expected weights of efficientnet-lite0, received those of mobilenet 0.25; choose',
    );
    await expect(variantOfFile('mobilenet', { name, bytes: safetensorsFile(tensors) })).rejects.toThrow(
      'expected weights of mobilenet, received those of efficientnet-lite0',
    );
  });
});

it.skipIf(!existsSync(realFile))('reads the published weights (needs ../shared)', async () => {
  const file = { name: 'tf_efficientnet_lite0.safetensors', bytes: readFileSync(realFile) };
  await checkWeightFile(file);
  clear();
  await loadBackboneWeights(classifier, file);
  for (const { variable } of classifier.backboneWeights) expect(new Set(variable.dataSync()).size).toBeGreaterThan(1);
});

it('refuses a file without layers', async () => {
  await expect(checkWeightFile({ name, bytes: safetensorsFile([]) })).rejects.toThrow(
    'some.safetensors: expected layers with weights, received 0 layers with none.',
  );
});
