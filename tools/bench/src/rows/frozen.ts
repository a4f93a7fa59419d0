import { join } from 'node:path';
import { prepareExperiment } from '@chorus/orchestration';
import { compare } from '../comparison.ts';
import type { Contestant } from '../contestants/contestant-process.ts';
import { nodeCommand, scriptsFolder } from '../contestants/peers.ts';
import { freshTurns } from '../rounds/fresh-turns.ts';
import { measurementOf } from '../rounds/rounds.ts';
import { peakMemory } from '../rounds/samples.ts';
import type { CaseResult, Row, RowOptions } from '../row.ts';

/** Members and their weight files. */
const members = [
  { backbone: 'xception', inputSize: 299, file: 'xception_weights_tf_dim_ordering_tf_kernels_notop.h5' },
  {
    backbone: 'mobilenet-v2',
    inputSize: 224,
    file: 'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5',
  },
  { backbone: 'mobilenet', inputSize: 224, file: 'mobilenet_1_0_224_tf_no_top.h5' },
] as const;

export const frozen: Row = {
  name: 'frozen',
  title:
    'an ensemble of frozen backbones end to end: features, heads on five folds, stack and test, with mirror images',
  roundCount: { whole: 2, quick: 1 },
  minutes: { whole: 12, quick: 2 },
  onRequest: 'it trains on photographs: --data DIR with train and validation folders, --weights DIR',
  async *measure(options) {
    yield await frozenCase(options, await options.python());
  },
};

// --- internal ---

async function frozenCase(
  { data, weights, quick, roundCount, onProgress }: RowOptions,
  python: string,
): Promise<CaseResult> {
  if (data === undefined || weights === undefined)
    throw new Error('The row frozen needs photographs and weights: --data DIR, --weights DIR.');
  const limit = quick ? 8 : 200;
  const chosen = quick ? members.slice(1) : members;
  const { experiment } = await prepareExperiment({
    preset: 'cpu',
    assignments: [
      `members=${JSON.stringify(chosen.map(({ backbone, inputSize }) => ({ name: backbone, backbone, inputSize })))}`,
      `data.limitPerClass=${limit}`,
      'runtime.featureCache=false',
    ],
    ...{ data, weights, workers: undefined, base: data, environment: {} },
  });
  const ours: Contestant = { name: 'Chorus', command: nodeCommand('experiment'), task: { experiment } };
  const plain: Contestant = {
    name: 'Keras and scikit-learn',
    command: [python, join(scriptsFolder, 'frozen_peer.py')],
    task: {
      ...{ folder: data, limit, seed: 1 },
      members: chosen.map(({ file, ...member }) => ({ ...member, weights: join(weights, file) })),
    },
  };
  const rounds = await freshTurns([ours, plain], { roundCount, onProgress });
  const of = (contestant: Contestant, quantity: string) => measurementOf(rounds, contestant.name, quantity);
  return {
    title: `${chosen.map(({ backbone, inputSize }) => `${backbone} ${inputSize} px`).join(', ')}; ${2 * limit} training and ${2 * limit} test images`,
    contestants: rounds.prepared,
    measurements: rounds.measurements,
    comparisons: [
      compare('speed', of(ours, 'total'), of(plain, 'total'), [{ bound: 'at least', ratio: 2.5 }]),
      ...(process.platform === 'linux' ? [compare('memory', of(ours, peakMemory), of(plain, peakMemory))] : []),
    ],
    remarks: ['Accuracies are not compared. The time of forward passes is proportional to the number of images.'],
  };
}
