/** Compares published weights with timm's results in imagenet.json, written by imagenet.py. Weights are needed in ../shared. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Classifier, createClassifier, loadBackboneWeights } from '@chorus/models';
import { initRuntime, prepareProcess } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import golden from '../imagenet.json' with { type: 'json' };
import { images } from './formula.ts';
import { repository } from './python.ts';

const path = join(repository, '../shared/data/pretrained', golden.weights);

/** ImageNet's classes: the head is the file's own. */
async function withImagenetHead(): Promise<Classifier> {
  const bytes = readFileSync(path);
  const classes = Array.from({ length: 1000 }, (_, index) => `${index}`);
  const backbone = { family: 'efficientnet-lite0', inputSize: golden.size } as const;
  const classifier = createClassifier({ backbone, classes, seed: 0, initializes: 'head' });
  await loadBackboneWeights(classifier, { name: golden.weights, bytes });
  const [kernel, bias] = classifier.weights.slice(-2) as [Weight, Weight];
  tf.tidy(() => {
    kernel.variable.assign(tf.transpose(tf.tensor2d(tensorOf(bytes, 'classifier.weight'), [1000, 1280])));
    bias.variable.assign(tf.tensor1d(tensorOf(bytes, 'classifier.bias')));
  });
  return classifier;
}

type Weight = Classifier['weights'][number];

/** Reads one tensor of a trusted safetensors file. */
function tensorOf(bytes: Buffer, name: string): Float32Array {
  const start = 8 + Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, start)) as Record<string, { data_offsets: [number, number] }>;
  const [begin, end] = header[name]!.data_offsets;
  return new Float32Array(Uint8Array.from(bytes.subarray(start + begin, start + end)).buffer);
}

function unpacked(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer);
}

function relativeError(found: Float32Array, expected: Float32Array): number {
  expect(found).toHaveLength(expected.length);
  const squares = (values: Float32Array) => values.reduce((sum, one) => sum + one ** 2, 0);
  return Math.sqrt(squares(found.map((one, index) => one - expected[index]!)) / squares(expected));
}

beforeAll(() => {
  prepareProcess();
  initRuntime({ device: 'cpu:0', intraOpThreads: 2 });
});

describe.skipIf(!existsSync(path))("EfficientNet-Lite0 with timm's published weights (needs ../shared)", () => {
  it("has timm's pooled features and logits", async () => {
    const { stream, count, features, logits } = golden.drawn;
    const classifier = await withImagenetHead();
    const found = tf.tidy(() => {
      const pixels = images(stream, count, golden.size);
      return {
        features: classifier.features(pixels).dataSync<'float32'>().slice(),
        logits: classifier.logits(pixels).dataSync<'float32'>().slice(),
      };
    });
    classifier.dispose();
    // Measured: 1e-6.
    expect(relativeError(found.features, unpacked(features))).toBeLessThan(1e-5);
    expect(relativeError(found.logits, unpacked(logits))).toBeLessThan(1e-5);
    // Images that differ, so that the comparison means something.
    const [first, second] = [found.features.subarray(0, 1280), found.features.subarray(1280, 2560)];
    expect(relativeError(first, second)).toBeGreaterThan(0.1);
  });
});
