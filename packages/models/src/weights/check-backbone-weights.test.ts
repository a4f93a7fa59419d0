import tf from '@chorus/tfjs';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ModelError } from '../errors.ts';
import { bareClassifier } from './bare-classifier.ts';
import { checkBackboneWeights } from './check-backbone-weights.ts';
import { h5File, type LayerToWrite, layersOf, writeCountedLayers, writeLayers } from './h5.fixture.ts';

const backbone = { family: 'mobilenet', variant: '0.25' } as const;
const warnings = vi.spyOn(console, 'warn');
let layers: LayerToWrite[];

beforeAll(() => {
  // The first use of tfjs' own backend in this process.
  const classifier = bareClassifier(backbone);
  layers = layersOf(classifier);
  classifier.dispose();
});
afterEach(() => expect(warnings).not.toHaveBeenCalled());

describe('checkBackboneWeights', () => {
  it.each([
    ['.h5', writeLayers],
    ['.weights.h5', writeCountedLayers],
  ] as const)('accepts the weights of the backbone, %s, and leaks no tensor', async (_, write) => {
    const bytes = await h5File((file) => write(file, layers));
    const tensors = tf.memory().numTensors;
    await checkBackboneWeights(backbone, { name: 'some.h5', bytes });
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it.each<[string, () => LayerToWrite[], { family: 'mobilenet' | 'mobilenet-v2'; variant: string }, RegExp]>([
    ['another variant', () => layers, { family: 'mobilenet', variant: '0.5' }, /received those of mobilenet 0\.25/],
    ['another family', () => layers, { family: 'mobilenet-v2', variant: '1' }, /received those of mobilenet 0\.25/],
    ['a layer too few', () => layers.slice(0, -1), backbone, /expected layer .* at position \d+ of \d+/],
    [
      'a number that is not finite',
      () =>
        layers.map((layer, index) =>
          index > 0
            ? layer
            : {
                ...layer,
                weights: layer.weights.map((weight) => ({ ...weight, values: weight.values.slice().fill(Number.NaN) })),
              },
        ),
      backbone,
      /expected .*finite.*, received NaN/,
    ],
  ])('refuses %s', async (_, written, wanted, message) => {
    const bytes = await h5File((file) => writeLayers(file, written()));
    const tensors = tf.memory().numTensors;
    const attempt = checkBackboneWeights(wanted, { name: 'some.h5', bytes });
    await expect(attempt).rejects.toThrow(ModelError);
    await expect(attempt).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
