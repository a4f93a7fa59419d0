import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { File } from 'h5wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BackboneFamily, backboneTable } from '../backbones/table.ts';
import { Classifier, createClassifier } from '../classifier/classifier.ts';
import { ModelError } from '../errors.ts';
import { chooseWeightFile } from './choose-weight-file.ts';
import { h5File, type LayerToWrite, layersOf, namedAsInKeras1, withCounters, writeLayers } from './h5.fixture.ts';
import { loadBackboneWeights } from './load-backbone-weights.ts';

const pretrained = join(import.meta.dirname, '../../../../../shared/data/pretrained');

let classifier: Classifier;
let layers: LayerToWrite[];

beforeAll(async () => {
  await tf.setBackend('cpu');
  const backbone = { family: 'mobilenet', alpha: 0.25, inputSize: 32 } as const;
  classifier = createClassifier({ backbone, classes: ['a', 'b'], seed: 1 });
  layers = layersOf(classifier);
});
afterAll(() => classifier.dispose());

function weights(): number[][] {
  return classifier.weights.map(({ variable }) => Array.from(variable.dataSync()));
}

/** A file of these layers, or of this content. */
async function load(content: LayerToWrite[] | ((file: File) => void)): Promise<void> {
  const bytes = await h5File((file) => (Array.isArray(content) ? writeLayers(file, content) : content(file)));
  await loadBackboneWeights(classifier, { name: 'some.h5', bytes });
}

/** The layers with one of them changed. */
function changed(index: number, change: (layer: LayerToWrite) => LayerToWrite): LayerToWrite[] {
  return layers.map((layer, place) => (place === index ? change(layer) : layer));
}

/** That layer with one of its weights changed. */
function changedWeight(index: number, change: Partial<LayerToWrite['weights'][number]>): LayerToWrite[] {
  return changed(index, (layer) => ({
    ...layer,
    weights: [{ ...layer.weights[0]!, ...change }, ...layer.weights.slice(1)],
  }));
}

describe('loadBackboneWeights', () => {
  it.each([
    ['as keras-applications writes it', (file: File) => writeLayers(file, layers)],
    ['with a whole model in it', (file: File) => writeLayers(file.create_group('model_weights'), layers)],
    [
      'with the names of Keras 3',
      (file: File) =>
        writeLayers(
          file,
          layers.map(({ name, weights }) => ({
            name,
            weights: weights.map((weight) => ({
              ...weight,
              name: weight.name.replace(':0', '').replace('depthwise_kernel', 'kernel'),
            })),
          })),
        ),
    ],
  ])('sets every weight of the backbone from a file %s', async (_, write) => {
    const head = weights().slice(-2);
    const tensors = tf.memory().numTensors;
    await load(write);
    const expected = layers.flatMap((layer) => layer.weights.map(({ values }) => Array.from(values)));
    expect(weights()).toEqual([...expected, ...head]);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  const dropLast = () => layers.slice(0, -1);
  const refusals: [string, () => LayerToWrite[], RegExp][] = [
    ['a missing layer', dropLast, /layer conv_pw_13_bn at place 54 of 54, received the end of the file/],
    [
      'a layer too many',
      () => [...layers, { ...layers[0]!, name: 'predictions' }],
      /no more layers with weights at place 55 of 54, received predictions; is it a \*_no_top\.h5/,
    ],
    [
      'another layer',
      () => changed(3, (layer) => ({ ...layer, name: 'conv_x' })),
      /layer conv_dw_1_bn at place 4 of 54, received conv_x/,
    ],
    [
      'two layers in the other order',
      () => [layers[1]!, layers[0]!, ...layers.slice(2)],
      /layer conv1 at place 1 of 54, received conv1_bn/,
    ],
    [
      'another shape',
      () => changedWeight(0, { shape: [3, 3, 8, 3] }),
      /some\.h5: \/conv1: expected kernel \[3, 3, 3, 8\], received kernel \[3, 3, 8, 3\]/,
    ],
    [
      'another weight',
      () => changedWeight(1, { name: 'conv1_bn/delta:0' }),
      /\/conv1_bn: expected gamma \[8\], .*, received delta \[8\], /,
    ],
    [
      '64-bit floats',
      () => changedWeight(1, { values: new Float64Array(8) }),
      /\/conv1_bn\/conv1_bn\/gamma:0: expected 32-bit floats, received type "<d"/,
    ],
    ['integers', () => changedWeight(1, { values: new Int32Array(8) }), /expected 32-bit floats, received type "<i"/],
    [
      'a number that is none',
      () => changedWeight(1, { values: new Float32Array(8).fill(Number.NaN, 5) }),
      /\/conv1_bn: expected finite numbers in gamma, received NaN at index 5/,
    ],
  ];
  it.each(refusals)('refuses %s, and changes nothing', async (_, content, message) => {
    const before = weights();
    const attempt = load(content());
    await expect(attempt).rejects.toThrow(ModelError);
    await expect(attempt).rejects.toThrow(message);
    expect(weights()).toEqual(before);
  });

  const hostile: [string, (file: File) => void, RegExp][] = [
    [
      'no layer names',
      (file) => file.create_group('conv1'),
      /some\.h5: expected a Group at \/model_weights, received nothing/,
    ],
    [
      'numbers for layer names',
      (file) => file.create_attribute('layer_names', new Float32Array(3)),
      /attribute layer_names of \/ to list names/,
    ],
    [
      'one text for layer names',
      (file) => file.create_attribute('layer_names', 'conv1'),
      /attribute layer_names of \/ to list at most 10000 names/,
    ],
    [
      'a group that is missing',
      (file) => file.create_attribute('layer_names', ['conv1']),
      /expected a Group at \/conv1, received nothing/,
    ],
    [
      'a dataset for a group',
      (file) => {
        file.create_attribute('layer_names', ['conv1']);
        file.create_dataset({ name: 'conv1', data: new Float32Array(3) });
      },
      /expected a Group at \/conv1, received Dataset/,
    ],
    [
      'a link to another file',
      (file) => {
        file.create_attribute('layer_names', ['conv1']);
        file.create_external_link('/etc/passwd', '/', 'conv1');
      },
      /expected .*\/conv1, received /,
    ],
    [
      'a link to nowhere',
      (file) => {
        file.create_attribute('layer_names', ['conv1']);
        file.create_soft_link('/nowhere', 'conv1');
      },
      /expected .*\/conv1, received /,
    ],
    [
      'a shape of terabytes',
      (file) => {
        writeLayers(
          file,
          changed(0, ({ name }) => ({ name, weights: [] })),
        );
        const group = file.get('conv1') as ReturnType<File['create_group']>;
        group.delete_attribute('weight_names');
        group.create_attribute('weight_names', ['kernel:0']);
        const dataset = group.create_dataset({
          name: 'kernel:0',
          data: new Float32Array(1),
          shape: [1, 1],
          maxshape: [null, null],
          chunks: [1, 1],
        });
        dataset.resize([1e6, 1e6]);
      },
      /\/conv1: expected kernel \[3, 3, 3, 8\], received kernel \[1000000, 1000000\]/,
    ],
  ];
  it.each(hostile)('refuses %s', async (_, write, message) => {
    const attempt = load(write);
    await expect(attempt).rejects.toThrow(ModelError);
    await expect(attempt).rejects.toThrow(message);
  });

  it('refuses what is no whole HDF5 file, in one line', async () => {
    const whole = await h5File((file) => writeLayers(file, layers));
    const cuts = [0, 10, 50, 90, 99.9].map((percent) => whole.subarray(0, Math.floor((whole.length * percent) / 100)));
    for (const bytes of [...cuts, new TextEncoder().encode('not a weight file'), new Uint8Array(4096)]) {
      const attempt = loadBackboneWeights(classifier, { name: 'some.h5', bytes });
      await expect(attempt).rejects.toThrow(ModelError);
      await expect(attempt).rejects.toThrow(/^some\.h5: expected an HDF5 file, received an error: [^\n]+$/);
    }
  });

  it('reads two files at a time', async () => {
    const bytes = await h5File((file) => writeLayers(file, layers));
    await Promise.all([1, 2, 3].map(() => loadBackboneWeights(classifier, { name: 'some.h5', bytes })));
    expect(weights()[0]).toEqual(Array.from(layers[0]!.weights[0]!.values));
  });
});

describe.each(['inception-v3', 'xception'] as const)('%s', (family) => {
  const unnamed = backboneTable[family].unnamedInKeras!;
  const keras2 = { convolution: 'conv2d', batchNorm: 'batch_normalization' };
  let large: Classifier;
  let ownNames: LayerToWrite[];
  let counted: LayerToWrite[];

  beforeAll(() => {
    const backbone = { family, alpha: 1, inputSize: backboneTable[family].minimumInputSize };
    large = new Classifier({ backbone, classes: ['a', 'b'], seed: 1 });
    ownNames = layersOf(large);
    counted = withCounters(ownNames, unnamed, { ...keras2, first: 95 });
  });
  afterAll(() => large.dispose());

  async function loadLarge(content: LayerToWrite[]): Promise<void> {
    const bytes = await h5File((file) => writeLayers(file, content));
    await loadBackboneWeights(large, { name: 'some.h5', bytes });
  }

  /** Names of weights that are not as in the file, bit for bit. */
  function otherThanWritten(): string[] {
    const written = ownNames.flatMap((layer) => layer.weights.map(({ values }) => values as Float32Array));
    return large.backboneWeights.flatMap(({ layerName, weightName, variable }, index) =>
      Buffer.from(variable.dataSync<'float32'>().buffer).equals(Buffer.from(written[index]!.buffer))
        ? []
        : [`${layerName}/${weightName}`],
    );
  }

  const files: [string, () => LayerToWrite[]][] = [
    ['with counters from anywhere', () => counted],
    ['of a fresh Keras process', () => withCounters(ownNames, unnamed, { ...keras2, first: 0 })],
    [
      'of Keras 1',
      () => {
        const keras1 = { convolution: 'convolution2d', batchNorm: 'batchnormalization', first: 1 };
        return namedAsInKeras1(withCounters(ownNames, unnamed, keras1));
      },
    ],
  ];
  it.each(files)('loads a file %s', async (_, content) => {
    tf.tidy(() => {
      for (const { variable } of large.backboneWeights) variable.assign(tf.zeros(variable.shape));
    });
    await loadLarge(content());
    expect(otherThanWritten()).toEqual([]);
  });

  it('refuses what does not fit, naming the group, and changes nothing', async () => {
    await loadLarge(counted);
    const [first, next] = counted.flatMap(({ name }, place) => (/^conv2d_\d+$/.test(name) ? [place] : []));
    const place = first! + 1;
    const [own, conv, norm] = [ownNames[first!]!.name, counted[first!]!, counted[place]!];
    const swapped = counted.toSpliced(first!, 1, counted[next!]!).toSpliced(next!, 1, conv);
    const renamed = (name: string) => counted.toSpliced(first!, 1, { ...conv, name });
    const refusals: [LayerToWrite[], string | RegExp][] = [
      [swapped, `some.h5: /${counted[next!]!.name} (${own}): expected kernel [`],
      [
        counted.toSpliced(first!, 2, norm, conv),
        `expected a conv2d (${own}) at place ${place} of ${counted.length}, received ${norm.name};`,
      ],
      [renamed('batch_normalization_7'), 'received batch_normalization_7;'],
      [renamed('dense_7'), `expected a conv2d (${own}) at place ${place} of ${counted.length}, received dense_7;`],
      [counted.slice(0, -1), 'received the end of the file;'],
      [
        [...counted, { ...conv, name: 'conv2d_9999' }],
        /no more layers with weights at place \d+ of \d+, received conv2d_9999/,
      ],
    ];
    for (const [content, message] of refusals) {
      const attempt = loadLarge(content);
      await expect(attempt).rejects.toThrow(ModelError);
      await expect(attempt).rejects.toThrow(message);
    }
    expect(otherThanWritten()).toEqual([]);
  });
});

it('refuses a file that lists a layer twice', async () => {
  const backbone = { family: 'inception-v3', alpha: 1, inputSize: 75 } as const;
  const inception = new Classifier({ backbone, classes: ['a', 'b'], seed: 1 });
  const bytes = await h5File((file) => {
    const counters = { convolution: 'conv2d', batchNorm: 'batch_normalization', first: 0 };
    const layers = withCounters(layersOf(inception), /./, counters);
    writeLayers(file, layers);
    file.delete_attribute('layer_names');
    const names = layers.map(({ name }) => name);
    // Both follow convolutions with as many filters.
    file.create_attribute('layer_names', names.with(names.indexOf('batch_normalization_1'), 'batch_normalization'));
  });
  await expect(loadBackboneWeights(inception, { name: 'some.h5', bytes })).rejects.toThrow(
    'some.h5: expected each layer once in layer_names, received batch_normalization twice.',
  );
  inception.dispose();
});

it('a layer that Keras names may not have a counter', async () => {
  await expect(load(changed(0, (layer) => ({ ...layer, name: 'conv2d_1' })))).rejects.toThrow(
    /expected layer conv1 at place 1 of 54, received conv2d_1/,
  );
});

describe('real weights', () => {
  const there = existsSync(pretrained) ? readdirSync(pretrained) : [];
  it.skipIf(there.length === 0).each([
    ['mobilenet', 1],
    ['mobilenet', 0.75],
    ['mobilenet', 0.5],
    ['mobilenet', 0.25],
    ['mobilenet-v2', 1],
  ] as [BackboneFamily, number][])('of %s %f load (needs ../shared)', async (family, alpha) => {
    const choice = chooseWeightFile(family, alpha, 160, there)!;
    expect(backboneTable[family].trainedSizes).toContain(choice.trainedSize);
    const real = createClassifier({ backbone: { family, alpha, inputSize: 32 }, classes: ['a', 'b'], seed: 1 });
    await loadBackboneWeights(real, { name: choice.fileName, bytes: readFileSync(join(pretrained, choice.fileName)) });
    const variances = real.backboneWeights.filter(({ weightName }) => weightName === 'moving_variance');
    for (const { variable } of variances) expect(Math.min(...variable.dataSync())).toBeGreaterThan(0);
    real.dispose();
  });

  it.skipIf(there.length === 0)(
    'of another width, or with the classification top, are refused (needs ../shared)',
    async () => {
      const file = (name: string) => ({ name, bytes: readFileSync(join(pretrained, name)) });
      await expect(loadBackboneWeights(classifier, file('mobilenet_5_0_160_tf_no_top.h5'))).rejects.toThrow(
        /\/conv1: expected kernel \[3, 3, 3, 8\], received kernel \[3, 3, 3, 16\]/,
      );
      const backbone = { family: 'mobilenet-v2', alpha: 1, inputSize: 32 } as const;
      const v2 = createClassifier({ backbone, classes: ['a', 'b'], seed: 1 });
      const withTop = file('mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5');
      await expect(loadBackboneWeights(v2, withTop)).rejects.toThrow(/is it a \*_no_top\.h5 or/);
      v2.dispose();
    },
  );
});
