/** A run whose members start from `.safetensors` and `.h5` files of one folder, which needs ../shared. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Classifier, createClassifier, loadBackboneWeights, memberFromBytes } from '@chorus/models';
import tf from '@chorus/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readBundle } from './bundle.ts';
import { at, drawData, pretrained, removeRuns, small } from './train.fixture.ts';
import { train } from './train.ts';

const name = 'tf_efficientnet_lite0.safetensors';
const path = join(pretrained, name);

beforeAll(drawData);
afterAll(removeRuns);

/** Backbone weights by name, as bytes. */
function bytesOf({ backboneWeights }: Classifier): Map<string, Buffer> {
  return new Map(
    backboneWeights.map(({ layerName, weightName, variable }) => [
      `${layerName}/${weightName}`,
      Buffer.from(variable.dataSync<'float32'>().slice().buffer),
    ]),
  );
}

it.skipIf(!existsSync(path))(
  'trains the last layers of EfficientNet-Lite0, and keeps the published ones bit for bit',
  async () => {
    const backbone = { family: 'efficientnet-lite0', inputSize: 32 } as const;
    const { report } = await train(
      {
        ...small(),
        weights: pretrained,
        members: [
          { name: 'lite', backbone: 'efficientnet-lite0' },
          { name: 'slim', backbone: 'mobilenet', alpha: 0.25 },
        ],
        recipe: { batchSize: 16, head: { epochCount: 2 }, fineTune: { epochCount: 2, lastLayers: 17 } },
      },
      { out: at('run') },
    );
    expect(report.members.map(({ name: member, status }) => [member, status])).toEqual([
      ['lite', 'done'],
      ['slim', 'done'],
    ]);
    tf.enableProdMode();
    await tf.setBackend('cpu');
    const published = createClassifier({ backbone, classes: ['discs', 'stars'], seed: 0 });
    await loadBackboneWeights(published, { name, bytes: readFileSync(path) });
    const { members } = await readBundle(at('run/bundle'));
    const [model] = members.find((member) => member.name === 'lite')!.models;
    const trained = memberFromBytes(model!.manifest, model!.weights);
    const [before, after] = [bytesOf(published), bytesOf(trained)];
    const changed = [...before]
      .filter(([weight, bytes]) => !bytes.equals(after.get(weight)!))
      .map(([weight]) => weight);
    // Layers from the depthwise filter of the last block but one on; BatchNorm keeps its statistics.
    expect(changed[0]).toBe('blocks.5.3.conv_dw/depthwise_kernel');
    expect(changed).toContain('conv_head/kernel');
    expect(changed.filter((weight) => /moving_/.test(weight))).toEqual([]);
    published.dispose();
    trained.dispose();
  },
);
