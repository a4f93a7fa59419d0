/** Reads the files that `tools/golden/weight_files.py` writes (see there); skipped without them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import tf from '@chorus/tfjs';
import { expect, it } from 'vitest';
import { backboneFamilies, backboneTable } from '../backbones/table.ts';
import { Classifier } from '../classifier/classifier.ts';
import { checkWeightFile } from './check-weight-file.ts';
import { loadBackboneWeights } from './load-backbone-weights.ts';
import { variantOfFile } from './variant-of-file.ts';

const folder = process.env.CHORUS_KERAS_FILES ?? '';
const files = ['keras', 'tf_keras']
  .map((library) => join(folder, library))
  .filter((path) => folder !== '' && existsSync(path))
  .flatMap((path) => readdirSync(path).map((name) => join(path, name)))
  .filter((path) => path.endsWith('.h5'));

it.skipIf(files.length === 0)(
  'reads every weight of every Keras file bit for bit (needs the files)',
  async () => {
    await tf.setBackend('cpu');
    for (const path of files) {
      const [, application, variant, top] = /(\w+)_([\w.]+)_(top|notop)\.[\w.]+$/.exec(path)!;
      const family = backboneFamilies.find((one) =>
        backboneTable[one].variants.some(
          ({ name, reference }) =>
            name === variant && reference.library === 'keras' && reference.application === application,
        ),
      )!;
      const file = { name: path, bytes: readFileSync(path) };
      await checkWeightFile(file);
      expect(await variantOfFile(family, file)).toBe(variant);
      const backbone = { family, variant: variant!, inputSize: backboneTable[family].minimumInputSize };
      const classifier = new Classifier({ backbone, classes: ['a', 'b'], seed: 0 });
      await loadBackboneWeights(classifier, file);
      const numbers = readFileSync(path.replace(/(_(?:no)?top)\..*$/, '$1.f32'));
      let at = 0;
      for (const { layerName, weightName, variable } of classifier.backboneWeights) {
        const expected = numbers.subarray(at, at + 4 * variable.size);
        const found = Buffer.from(variable.dataSync<'float32'>().slice().buffer);
        expect(`${path} ${layerName}/${weightName} ${expected.equals(found)}`).toMatch(/ true$/);
        at += expected.length;
      }
      expect(top === 'top' ? at < numbers.length : at === numbers.length).toBe(true);
      classifier.dispose();
    }
  },
  1_200_000,
);
