import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compactBundle } from '@chorus/orchestration';
import { loadClassifier } from '@chorus/predictor';
import type { Measurement } from '../measurement.ts';
import { drawPhotographs } from '../photographs.ts';
import type { Row } from '../row.ts';
import { summarise } from '../statistics.ts';
import { writeMobileBundle } from './mobile-bundle.ts';

/** At most this many milliseconds for an image, by the native library, with the preset's size and mirror images. */
const goalMs = 40;

/** A bundle kept loaded: from a JPEG file in memory to probabilities, one image at a time. */
export const classify: Row = {
  name: 'classify',
  title: 'a JPEG of 224 × 224 px to probabilities, by the ensemble of the preset mobile, kept loaded by loadClassifier',
  roundCount: { whole: 5, quick: 2 },
  minutes: { whole: 2, quick: 1 },
  async *measure({ roundCount, quick, folder, onProgress }) {
    const images = join(folder, 'photographs');
    const [photograph] = await drawPhotographs(images, {
      ...{ count: 1, width: 224, height: 224, seed: 1 },
    });
    const image = await readFile(photograph!);
    // The preset's, last, and cheaper ones.
    for (const { inputSize, testTimeAugmentation } of [
      { inputSize: 160, testTimeAugmentation: false },
      { inputSize: 160, testTimeAugmentation: true },
      { inputSize: 224, testTimeAugmentation: false },
      { inputSize: 224, testTimeAugmentation: true },
    ]) {
      const name = `${inputSize} px${testTimeAugmentation ? ', with mirror images' : ''}`;
      onProgress(`writing a bundle of ${name}`);
      const floats = join(folder, `bundle-${inputSize}-${testTimeAugmentation}`);
      await writeMobileBundle(floats, { inputSize, testTimeAugmentation });
      const { folder: integers } = await compactBundle(floats, 'int8', { out: `${floats}-integers`, images });
      const measurements: Measurement[] = [];
      for (const [contestant, bundle, backend] of [
        ['onnxruntime', floats, 'onnxruntime'],
        ['onnxruntime, 8-bit integers', integers, 'onnxruntime'],
        ['wasm', floats, 'wasm'],
        ['wasm, 8-bit integers', integers, 'wasm'],
      ] as const) {
        onProgress(`${name}, ${contestant}`);
        const startedAtMs = performance.now();
        const classifier = await loadClassifier(bundle, { backend });
        const loadMs = performance.now() - startedAtMs;
        const one = async () => {
          const from = performance.now();
          await classifier.classify(image);
          return performance.now() - from;
        };
        await one();
        const samples: number[] = [];
        for (let round = 0; round < roundCount; round += 1) {
          const times: number[] = [];
          for (let repeat = 0; repeat < (quick ? 3 : 20); repeat += 1) times.push(await one());
          samples.push(summarise(times).median);
        }
        measurements.push(
          { contestant, quantity: 'an image', unit: 'ms', samples },
          { contestant, quantity: 'loading the bundle', unit: 'ms', samples: [loadMs] },
        );
        await classifier.dispose();
      }
      const { median } = summarise(measurements[0]!.samples);
      const remark = `goal: at most ${goalMs} ms by onnxruntime; ${median <= goalMs ? 'holds' : 'missed'}`;
      const remarks = inputSize === 224 && testTimeAugmentation ? [remark] : [];
      yield { title: name, contestants: {}, measurements, comparisons: [], remarks };
    }
  },
};
