import { readdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createClassifier } from '@chorus/models';
import { classifierModel } from '@chorus/models/onnx';
import { initRuntime } from '@chorus/runtime';
import { compare } from '../comparison.ts';
import type { Contestant } from '../contestants/contestant-process.ts';
import type { FeaturesTask } from '../contestants/features-task.ts';
import { nodeCommand, scriptsFolder } from '../contestants/peers.ts';
import { pairedRounds } from '../rounds/paired-rounds.ts';
import { measurementOf } from '../rounds/rounds.ts';
import type { CaseResult, Row, RowOptions } from '../row.ts';

const inputSize = 224;
const weightFile = 'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5';

export const features: Row = {
  name: 'features',
  title: `JPEG files to pooled features of MobileNetV2 at ${inputSize} px, end to end, all processors`,
  roundCount: { whole: 5, quick: 1 },
  minutes: { whole: 6, quick: 1 },
  onRequest: 'it reads photographs: --data DIR, --weights DIR',
  async *measure(options) {
    yield await featuresCase(options, await options.python());
  },
};

// --- internal ---

async function featuresCase(options: RowOptions, python: string): Promise<CaseResult> {
  const { data, weights, quick, folder, roundCount, onProgress } = options;
  if (data === undefined || weights === undefined)
    throw new Error('The row features needs photographs and weights: --data DIR, --weights DIR.');
  const files = (await readdir(data, { recursive: true })).filter((name) => /\.jpe?g$/i.test(name)).toSorted();
  const paths = files.slice(0, quick ? 64 : 2000).map((name) => join(data, name));
  const task: FeaturesTask = { paths, inputSize, threads: availableParallelism() };
  const ours: Contestant = {
    name: 'Chorus',
    command: nodeCommand('features'),
    task: { ...task, weights: join(weights, weightFile) },
  };
  const model = await writeModel(join(folder, 'features.onnx'));
  const peer = (name: string, variant: string): Contestant => ({
    name,
    command: [python, join(scriptsFolder, 'features_peer.py')],
    task: { ...task, variant, model },
  });
  const peers = [
    { contestant: peer('Keras, tf.data', 'keras'), ratio: 2 },
    { contestant: peer('PyTorch, DataLoader', 'pytorch'), ratio: 1 },
    { contestant: peer('onnxruntime, Pillow', 'onnxruntime'), ratio: 1 },
  ];
  const turns = { roundSeconds: quick ? 0.3 : 1, onProgress };
  const rounds = await pairedRounds(
    [ours],
    peers.map(({ contestant }) => contestant),
    { ...turns, roundCount },
  );
  const own = measurementOf(rounds, ours.name, 'step');
  return {
    title: `${paths.length} photographs`,
    contestants: rounds.prepared,
    measurements: rounds.measurements,
    comparisons: peers.map(({ contestant, ratio }) =>
      compare('speed', own, measurementOf(rounds, contestant.name, 'step'), [{ bound: 'at least', ratio }]),
    ),
    remarks: [
      'Chorus reads its weights and builds its model in each step; the others have built theirs before.',
      'onnxruntime runs the model that Chorus wrote. Pillow and Chorus produce the same pixels; tf.data resizes with its own antialiasing filter.',
    ],
  };
}

/** Writes the ONNX model of a MobileNetV2 with random weights. */
async function writeModel(path: string): Promise<string> {
  initRuntime({ device: 'cpu:0' });
  const backbone = { family: 'mobilenet-v2', alpha: 1, inputSize } as const;
  const classifier = createClassifier({ backbone, classes: ['a', 'b'], seed: 1 });
  await writeFile(path, classifierModel(classifier, 'features'));
  classifier.dispose();
  return path;
}
