import { backboneFamilies, backboneTable, createClassifier, loadBackboneWeights } from '@chorus/models';
import { expect, it } from 'vitest';
import { randomKerasFile } from './keras-file.ts';

it.each(backboneFamilies.filter((family) => family.startsWith('mobilenet')))(
  'a written file of %s loads',
  async (family) => {
    const { variants, minimumInputSize } = backboneTable[family];
    const backbone = { family, variant: variants[0].name, inputSize: minimumInputSize };
    const classifier = createClassifier({ backbone, classes: ['a', 'b'], seed: 1 });
    const before = classifier.backboneWeights[0]!.variable.dataSync().slice();
    await loadBackboneWeights(classifier, { name: 'random.h5', bytes: await randomKerasFile(classifier) });
    expect(classifier.backboneWeights[0]!.variable.dataSync()).not.toEqual(before);
    classifier.dispose();
  },
);
