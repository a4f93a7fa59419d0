import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import golden from '../../../../tools/golden/optimizers.json' with { type: 'json' };
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
