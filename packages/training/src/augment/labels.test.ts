import { initRuntime } from '@chorus/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { columns, parameterCount } from './columns.ts';
import { labelTensor } from './labels.ts';
import { unchanged } from './settings.ts';

beforeAll(() => {
  initRuntime({ device: 'cpu:0', intraOpThreads: 1 });
});

const labels = Int32Array.of(1, 0, 1);
const teacher = Float32Array.of(0.25, 0.75, 0.5, 0.5, 0.125, 0.875);
const none = { kind: 'none' } as const;
const mixup = { kind: 'random', ...unchanged, flip: false, mixup: 1 } as const;

/** Parameters that mix each image with a share of the one before it. */
function mixedBy(ownShare: number): Float32Array {
  const parameters = new Float32Array(labels.length * parameterCount);
  for (const position of labels.keys()) parameters[position * parameterCount + columns.ownShare.start] = ownShare;
  return parameters;
}

describe('labelTensor', () => {
  it('has the classes without a teacher', () => {
    const tensor = labelTensor(labels, {}, { augmentation: none, outputCount: 1 });
    expect([tensor.dtype, ...tensor.dataSync()]).toEqual(['int32', 1, 0, 1]);
  });

  it("has the labels' shares, then the teacher's probabilities", () => {
    const tensor = labelTensor(labels, { teacher }, { augmentation: none, outputCount: 1 });
    expect(tensor.arraySync()).toEqual([
      [0, 1, 0.25, 0.75],
      [1, 0, 0.5, 0.5],
      [0, 1, 0.125, 0.875],
    ]);
  });

  it('mixes both as the images', () => {
    const batch = { teacher, parameters: mixedBy(0.75) };
    const tensor = labelTensor(labels, batch, { augmentation: mixup, outputCount: 1 });
    expect(tensor.arraySync()).toEqual([
      [0, 1, 0.75 * 0.25 + 0.25 * 0.125, 0.75 * 0.75 + 0.25 * 0.875],
      [0.75, 0.25, 0.75 * 0.5 + 0.25 * 0.25, 0.75 * 0.5 + 0.25 * 0.75],
      [0.25, 0.75, 0.75 * 0.125 + 0.25 * 0.5, 0.75 * 0.875 + 0.25 * 0.5],
    ]);
  });
});
