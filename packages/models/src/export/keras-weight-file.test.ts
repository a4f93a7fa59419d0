import h5wasm, { type Attribute, type Dataset, File, type Group } from 'h5wasm';
import { describe, expect, it, vi } from 'vitest';
import type { BackboneSpec } from '../backbones/table.ts';
import { createClassifier } from '../classifier/classifier.ts';
import type { ModelWeight } from '../classifier/model-weights.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { kerasWeightFile } from './keras-weight-file.ts';
import { plainNetwork } from './plain-network.ts';

useNativeBackend();

/** Path of each layer with weights in the file → its name, and its weights in order. */
async function contentOf(bytes: Uint8Array) {
  const { FS } = await h5wasm.ready;
  FS.writeFile('/content.h5', bytes);
  const file = new File('/content.h5', 'r');
  const layers = file.get('layers') as Group;
  const content = new Map(
    layers.keys().map((kind) => {
      const vars = layers.get(`${kind}/vars`) as Group;
      const weights = vars.keys().map((_, index) => vars.get(String(index)) as Dataset);
      const name = (vars.attrs.name as Attribute).value;
      return [kind, { name, weights: weights.map(({ shape, value }) => ({ shape, value })) }] as const;
    }),
  );
  file.close();
  FS.unlink('/content.h5');
  return content;
}

describe.each<{ backbone: BackboneSpec; kinds: Record<string, string[]> }>([
  {
    backbone: { family: 'mobilenet', alpha: 0.25, inputSize: 32 },
    kinds: {
      conv2d: ['conv1', 'conv_pw_1', 'conv_pw_2'],
      depthwise_conv2d: ['conv_dw_1', 'conv_dw_2'],
      batch_normalization: ['conv1_bn', 'conv_dw_1_bn', 'conv_pw_1_bn'],
      dense: ['head'],
    },
  },
  {
    backbone: { family: 'mobilenet-v2', alpha: 0.35, inputSize: 32 },
    kinds: {
      conv2d: ['Conv1', 'expanded_conv_project', 'block_1_expand'],
      depthwise_conv2d: ['expanded_conv_depthwise', 'block_1_depthwise'],
      batch_normalization: ['bn_Conv1', 'expanded_conv_depthwise_BN'],
    },
  },
  {
    // Its BatchNorm has no gamma.
    backbone: { family: 'inception-v3', alpha: 1, inputSize: 75 },
    kinds: { conv2d: ['stem_1_conv', 'stem_2_conv'], batch_normalization: ['stem_1_bn', 'stem_2_bn'], dense: ['head'] },
  },
  {
    backbone: { family: 'xception', alpha: 1, inputSize: 71 },
    kinds: {
      conv2d: ['block1_conv1', 'block1_conv2', 'block2_residual_conv'],
      separable_conv2d: ['block2_sepconv1', 'block2_sepconv2'],
      batch_normalization: ['block1_conv1_bn', 'block1_conv2_bn', 'block2_sepconv1_bn'],
    },
  },
  {
    backbone: { family: 'efficientnet-lite0', inputSize: 32 },
    kinds: {
      conv2d: ['conv_stem', 'blocks.0.0.conv_pw', 'blocks.1.0.conv_pw', 'blocks.1.0.conv_pwl'],
      depthwise_conv2d: ['blocks.0.0.conv_dw', 'blocks.1.0.conv_dw'],
      batch_normalization: ['bn1', 'blocks.0.0.bn1', 'blocks.0.0.bn2'],
      dense: ['head'],
    },
  },
])('$backbone.family', ({ backbone, kinds }) => {
  it("has its layers under their classes' counters, and every weight in its layer's order", async () => {
    const classifier = createClassifier({ backbone, classes: ['a', 'b', 'c'], seed: 1 });
    const network = plainNetwork(classifier, 'net/work');
    const content = await contentOf(await kerasWeightFile(network));

    for (const [kind, names] of Object.entries(kinds))
      for (const [index, name] of names.entries())
        expect(content.get(index === 0 ? kind : `${kind}_${index}`)?.name, kind).toBe(name);
    const byLayer = new Map([...content.values()].map(({ name, weights }) => [name, weights]));
    expect(byLayer.size).toBe(content.size);
    const expected = new Map<string, ModelWeight[]>();
    for (const weight of classifier.weights)
      expected.set(weight.layerName, [...(expected.get(weight.layerName) ?? []), weight]);
    expect([...byLayer.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [name, weights] of expected) {
      const found = byLayer.get(name)!;
      expect(found.map(({ shape }) => shape)).toEqual(weights.map(({ shape }) => shape));
      for (const [index, { variable }] of weights.entries())
        expect(bytesOf(found[index]!.value as Float32Array).equals(bytesOf(variable.dataSync<'float32'>()))).toBe(true);
    }
    // Only standard layers of tfjs.
    expect(JSON.stringify(network.model.toJSON(null, false))).not.toContain('Chorus');
    classifier.dispose();
    network.model.dispose();
  });
});

it('is deterministic, but for the times that HDF5 records', async () => {
  const backbone = { family: 'mobilenet', alpha: 0.25, inputSize: 32 } as const;
  const network = plainNetwork(createClassifier({ backbone, classes: ['a', 'b'], seed: 1 }), 'once');
  const writtenAt = async (now: number) => {
    vi.useFakeTimers({ toFake: ['Date'], now });
    try {
      return Buffer.from(await kerasWeightFile(network));
    } finally {
      vi.useRealTimers();
    }
  };
  const [first, again, later] = [await writtenAt(1e12), await writtenAt(1e12), await writtenAt(1.1e12)];
  expect(again.equals(first)).toBe(true);
  expect(later.equals(first)).toBe(false);
  expect(later.length).toBe(first.length);
});

// --- internal ---

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
