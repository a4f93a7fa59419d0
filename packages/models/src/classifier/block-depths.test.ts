import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import golden from '../../../../tools/golden/optimizers.json' with { type: 'json' };
import { backboneMeasurements } from '../backbones/measurements.ts';
import { backboneFamilies, backboneTable } from '../backbones/table.ts';
import { Classifier } from './classifier.ts';

beforeAll(() => tf.setBackend('cpu'));

const timm: Record<string, readonly number[]> = golden.blockSizes;

function build(family: (typeof backboneFamilies)[number]): Classifier {
  const inputSize = backboneTable[family].minimumInputSize;
  return new Classifier({ backbone: { family, inputSize }, classes: ['a', 'b', 'c'], seed: 0 });
}

describe.each(backboneFamilies)('the blocks of %s', (family) => {
  it('are those to which timm assigns layer-wise learning rates', () => {
    const classifier = build(family);
    const { variables, depths } = classifier.fineTuneView('all', { batchNorm: 'moving' });
    expect(depths).toHaveLength(variables.length);
    const sizes = timm[family]!.map((_, depth) =>
      variables.reduce((sum, { rank, size }, index) => sum + (rank > 1 && depths[index] === depth ? size : 0), 0),
    );
    expect(sizes).toEqual(timm[family]);
    expect(depths.slice(-2)).toEqual([0, 0]);
    classifier.dispose();
  });

  it('are as many as declared, and train one after the other from the last to the first', () => {
    const classifier = build(family);
    const all = classifier.fineTuneView('all', { batchNorm: 'moving' });
    const { blockCount } = backboneMeasurements[family];
    expect(Math.max(...all.depths)).toBe(blockCount);
    for (let lastBlocks = 1; lastBlocks <= blockCount; lastBlocks += 1) {
      const { variables, depths } = classifier.fineTuneView({ lastBlocks }, { batchNorm: 'moving' });
      const expected = all.variables.filter((_, index) => all.depths[index]! <= lastBlocks);
      expect(variables.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
      expect(Math.max(...depths)).toBe(lastBlocks);
    }
    const invalid = () => classifier.fineTuneView({ lastBlocks: blockCount + 1 }, { batchNorm: 'moving' });
    expect(invalid).toThrow(`expected 1 to ${blockCount}, the number of blocks of this backbone.`);
    classifier.dispose();
  });

  it('keep their depth when only the last layers train, and contain whole layers', () => {
    const classifier = build(family);
    const all = classifier.fineTuneView('all', { batchNorm: 'moving' });
    const depthOf = new Map(all.variables.map((variable, index) => [variable, all.depths[index]!]));
    for (const lastLayers of [0, 10, 40]) {
      const { variables, depths } = classifier.fineTuneView({ lastLayers }, { batchNorm: 'moving' });
      expect(depths).toEqual(variables.map((variable) => depthOf.get(variable)));
    }
    const trainable = classifier.weights.filter((weight) => weight.trainable);
    for (const { layerName } of trainable) {
      const own = trainable.filter((weight) => weight.layerName === layerName);
      expect(new Set(own.map(({ variable }) => depthOf.get(variable))).size, layerName).toBe(1);
    }
    classifier.dispose();
  });
});
