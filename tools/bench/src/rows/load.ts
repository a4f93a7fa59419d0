import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type BackboneSpec, backboneFamilies, backboneTable, createClassifier, variantOf } from '@chorus/models';
import { initRuntime } from '@chorus/runtime';
import { randomKerasFile } from '../keras-file.ts';
import type { Measurement } from '../measurement.ts';
import type { Row } from '../row.ts';

/** Every family at its default width, and at half the width if available. */
const contestants = backboneFamilies.flatMap((family) =>
  [1, 0.5]
    .filter((alpha) => backboneTable[family].variants.some(({ width }) => width === alpha))
    .map((alpha) => ({ family, alpha })),
);

/** From construction to the first prediction, in a new process each turn, after TensorFlow has started. */
export const load: Row = {
  name: 'load',
  title: 'building each backbone at its default size, reading and loading its weight file, and one prediction',
  roundCount: { whole: 5, quick: 1 },
  minutes: { whole: 2, quick: 1 },
  async *measure({ roundCount, quick, folder, onProgress }) {
    initRuntime({ device: 'cpu:0' });
    const turns: { name: string; backbone: BackboneSpec; path: string }[] = [];
    for (const { family, alpha } of quick ? contestants.slice(-1) : contestants) {
      const backbone = { family, alpha, inputSize: variantOf({ family, alpha }).defaultInputSize };
      const name = `${family} ${alpha.toFixed(1)}, ${backbone.inputSize} px`;
      onProgress(`writing weights of ${name}`);
      const path = join(folder, `${family}-${alpha}.h5`);
      await writeFile(path, await weightsOf(backbone));
      turns.push({ name, backbone, path });
    }
    const measurements = new Map<string, Measurement>();
    for (let round = 1; round <= roundCount; round += 1) {
      onProgress(`round ${round} of ${roundCount}`);
      for (const { name, backbone, path } of turns)
        for (const [quantity, seconds] of Object.entries(await turn(backbone, path))) {
          const key = `${name} ${quantity}`;
          const measurement = measurements.get(key) ?? { contestant: name, quantity, unit: 's', samples: [] };
          measurement.samples.push(seconds);
          measurements.set(key, measurement);
        }
    }
    yield { title: '', contestants: {}, measurements: [...measurements.values()], comparisons: [], remarks: [] };
  },
};

// --- internal ---

async function weightsOf(backbone: BackboneSpec): Promise<Uint8Array> {
  const classifier = createClassifier({ backbone, classes: ['a', 'b'], seed: 0 });
  try {
    return await randomKerasFile(classifier);
  } finally {
    classifier.dispose();
  }
}

/** Returns the seconds of each step, in order, and of the first three together. */
async function turn(backbone: BackboneSpec, path: string): Promise<Record<string, number>> {
  const child = fileURLToPath(new URL('./load.child.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [child, JSON.stringify(backbone), path]);
  const seconds: Record<'build' | 'read file' | 'load' | 'first prediction', number> = JSON.parse(stdout);
  return { ...seconds, 'build + read + load': seconds.build + seconds['read file'] + seconds.load };
}
