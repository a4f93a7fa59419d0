import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  backboneFamilies,
  backboneTable,
  fillView,
  memberFromBytes,
  type TestTimeAugmentation,
  toProbabilities,
  viewsOf,
} from '@chorus/models';
import { initRuntime, prepareProcess } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBundle } from '../bundle.ts';
import { exportBundle } from './export-bundle.ts';
import { type LivelyMember, livelyImages, writeLivelyBundle } from './lively-bundle.fixture.ts';

const check = fileURLToPath(new URL('../../../../tools/golden/export_check.py', import.meta.url));
const { CHORUS_KERAS: python } = process.env;

/** Alternates between an odd size and the smallest valid one. */
const everyBackbone: LivelyMember[] = backboneFamilies.flatMap((family) => {
  const { variants, minimumInputSize } = backboneTable[family];
  return variants.map(({ name: variant }, index) => ({
    name: `${family}_${variant}`,
    backbone: { family, variant, inputSize: index % 2 === 0 ? 131 : minimumInputSize },
  }));
});

const cases: {
  what: string;
  classes: string[];
  testTimeAugmentation: TestTimeAugmentation;
  members: LivelyMember[];
}[] = [
  {
    what: 'every backbone, two classes',
    classes: ['a', 'b'],
    testTimeAugmentation: false,
    members: everyBackbone,
  },
  {
    what: 'three classes, crops and mirror images, two folds, raw BGR',
    classes: ['a', 'b', 'c'],
    testTimeAugmentation: 'five-crops',
    members: [
      { name: 'folds', backbone: { family: 'mobilenet', alpha: 0.25, inputSize: 47 }, modelCount: 2 },
      { name: 'bgr', backbone: { family: 'mobilenet-v2', alpha: 0.35, inputSize: 32 }, preprocessing: 'raw-bgr' },
    ],
  },
];

describe.skipIf(python === undefined)(
  'live Keras (skipped unless CHORUS_KERAS is the path of a python with Keras)',
  () => {
    let parent: string;
    beforeAll(async () => {
      // For `pnpm parity`: detects members without predictions.
      console.log(JSON.stringify({ members: cases.flatMap(({ members }) => members.map(({ name }) => name)) }));
      prepareProcess();
      initRuntime({ device: 'cpu:0' });
      parent = await mkdtemp(join(tmpdir(), 'chorus-keras-'));
    });
    afterAll(() => rm(parent, { recursive: true, force: true }));

    it.each(cases)(
      'loads an export and predicts the same: $what',
      async ({ classes, testTimeAugmentation, members }) => {
        const bundle = join(parent, String(classes.length), 'bundle');
        await writeLivelyBundle(bundle, members, { classes, testTimeAugmentation, chosen: 'mean' });
        const { folder } = await exportBundle(bundle, 'keras');
        const answers = join(parent, String(classes.length), 'answers');
        await writeAnswers(bundle, answers);
        const [exitCode, stdout, stderr] = await new Promise<[unknown, string, string]>((done) => {
          execFile(python!, [check, folder, answers], (error, ...printed) => done([error?.code ?? 0, ...printed]));
        });
        console.log(stdout);
        expect(exitCode, stderr.slice(-500)).toBe(0);
        expect(stdout.trim().split('\n')).toHaveLength(members.length);
      },
      // Keras builds every variant of every backbone.
      600_000,
    );
  },
);

// --- internal ---

/** The members' predictions on some images, in the format of the check. */
async function writeAnswers(bundleFolder: string, folder: string): Promise<void> {
  await mkdir(folder);
  const { manifest, members } = await readBundle(bundleFolder);
  for (const { name, models } of members) {
    const size = models[0]!.manifest.backbone.inputSize;
    const images = livelyImages(4, size, 2);
    const classifiers = models.map((model) => memberFromBytes(model.manifest, model.weights));
    const logits = tf.tidy(() => {
      const pixels = Uint8Array.from(images.dataSync());
      const views = viewsOf(manifest.testTimeAugmentation).map((view) => {
        const values = new Float32Array(pixels.length);
        for (let start = 0; start < pixels.length; start += size * size * 3) {
          const end = start + size * size * 3;
          fillView(pixels.subarray(start, end), size, view, values.subarray(start, end));
        }
        return tf.tensor4d(values, images.shape);
      });
      const answers = classifiers.flatMap((classifier) => views.map((view) => classifier.logits(view)));
      return tf.addN(answers).div(answers.length).dataSync<'float32'>();
    });
    for (const classifier of classifiers) classifier.dispose();
    await writeFile(join(folder, `images_${size}.f32`), images.dataSync());
    await writeFile(join(folder, `${name}.f32`), toProbabilities(logits, manifest.classes.length));
    images.dispose();
  }
}
