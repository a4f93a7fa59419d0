import type { File, Group } from 'h5wasm';
import { describe, expect, it } from 'vitest';
import hostile from '../../../../tools/golden/hostile-h5.json' with { type: 'json' };
import { ModelError } from '../errors.ts';
import { h5File, type LayerToWrite, writeCountedLayers, writeLayers, writeTexts } from './h5.fixture.ts';
import { withStoredLayers } from './stored-layers.ts';

const kernelShape = [3, 3, 3, 8];
const kernel = Float32Array.from({ length: 216 }, (_, index) => index);
const conv1: LayerToWrite = { name: 'conv1', weights: [{ name: 'kernel:0', shape: kernelShape, values: kernel }] };
const norms: LayerToWrite[] = Array.from({ length: 12 }, (_, index) => ({
  name: `bn_${index}`,
  weights: ['gamma:0', 'beta:0', 'moving_mean:0', 'moving_variance:0'].map((name) => ({
    name,
    shape: [1],
    values: Float32Array.of(index),
  })),
}));

/** Reads all weights. */
async function read(bytes: Uint8Array): Promise<[string, number[]][]> {
  return withStoredLayers({ name: 'some.h5', bytes }, (layers) =>
    layers.map(({ path, weights }) => [path, weights.map((weight) => weight.read()[0]!)]),
  );
}

describe('withStoredLayers', () => {
  it('returns the layers with weights in the order of layer_names', async () => {
    const layers = [...norms.toReversed(), conv1];
    const expected = layers.map(({ name, weights }) => [`/${name}`, weights.map(({ values }) => values[0])]);
    expect(await read(await h5File((file) => writeLayers(file, layers)))).toEqual(expected);
  });

  it('returns numbered layers in the order of their numbers, not alphabetically', async () => {
    const stored = await read(await h5File((file) => writeCountedLayers(file, [conv1, ...norms])));
    const inOrder = stored.filter(([path]) => path !== '/layers/conv2d');
    expect(inOrder.map(([path]) => path)).toEqual(
      norms.map((_, index) => `/layers/batch_normalization${index === 0 ? '' : `_${index}`}`),
    );
    expect(inOrder.map(([, values]) => values[0])).toEqual(norms.map((_, index) => index));
    expect(stored).toHaveLength(13);
  });

  it('returns names and kinds if the file has them', async () => {
    const namesOf = async (write: (file: File) => void) =>
      withStoredLayers({ name: 'some.h5', bytes: await h5File(write) }, ([layer]) => [layer?.name, layer?.kind]);
    expect(await namesOf((file) => writeLayers(file, [conv1]))).toEqual(['conv1', undefined]);
    expect(await namesOf((file) => writeCountedLayers(file, [conv1]))).toEqual(['conv1', 'conv2d']);
    expect(await namesOf((file) => writeCountedLayers(file, [conv1], { names: false }))).toEqual([undefined, 'conv2d']);
  });

  it("has names of several lengths, as Keras writes them with today's h5py", async () => {
    const file = await h5File((content) => {
      writeLayers(content, [conv1, norms[0]!]);
      content.delete_attribute('layer_names');
      content.create_attribute('layer_names', ['conv1', 'bn_0']);
    });
    expect((await read(file)).map(([path]) => path)).toEqual(['/conv1', '/bn_0']);
  });

  // That costs no more than a copy; reads are counted.
  it('allows two layers to share a group', async () => {
    const shared = await h5File((file) => {
      writeLayers(file, norms.slice(0, 1));
      file.create_hard_link('/bn_0', 'bn_1');
      writeTexts(file, 'layer_names', ['bn_0', 'bn_1']);
    });
    expect(await read(shared)).toEqual([
      ['/bn_0', [0, 0, 0, 0]],
      ['/bn_1', [0, 0, 0, 0]],
    ]);
  });
});

interface Layout {
  write: (file: File, layers: LayerToWrite[]) => void;
  /** Of the layer `conv1`. */
  group: string;
  /** Path of its kernel. */
  folder: string;
  kernel: string;
}

const layouts: Record<'listed' | 'counted', Layout> = {
  listed: { write: writeLayers, group: '/conv1', folder: '/conv1', kernel: 'kernel:0' },
  counted: { write: writeCountedLayers, group: '/layers/conv2d', folder: '/layers/conv2d/vars', kernel: '0' },
};

describe.each(['listed', 'counted'] as const)('refuses with %s layers', (name) => {
  const { write, group, folder, kernel: kernelName } = layouts[name];

  /** A file whose only kernel is written by `damage`. */
  const withoutKernel = (damage: (folder: Group, kernelName: string) => void) =>
    h5File((file) => {
      write(file, [{ ...conv1, weights: [] }]);
      if (name === 'listed') writeTexts(file.get('/conv1') as Group, 'weight_names', [kernelName]);
      damage(file.get(folder) as Group, kernelName);
    });

  /** A file in which `damage` replaces the only layer's group. */
  const withoutGroup = (damage: (file: File, path: string) => void) =>
    h5File((file) => {
      if (name === 'listed') writeTexts(file, 'layer_names', ['conv1']);
      else file.create_group('layers');
      damage(file, group);
    });

  const golden = (kind: keyof typeof hostile.files) => async () => Buffer.from(hostile.files[kind][name], 'base64');
  const place = `${folder}/${kernelName}`;
  const files: [string, () => Promise<Uint8Array>, string][] = [
    [
      'a kernel that is a group',
      () => withoutKernel((parent, kernel) => parent.create_group(kernel)),
      `expected a Dataset at ${place}, received Group.`,
    ],
    [
      'a soft link to nowhere for a kernel',
      () => withoutKernel((parent, kernel) => parent.create_soft_link('/nowhere', kernel)),
      `expected a Dataset at ${place}, received a link.`,
    ],
    [
      'a soft link to itself for a kernel',
      () => withoutKernel((parent, kernel) => parent.create_soft_link(place, kernel)),
      `expected a Dataset at ${place}, received a link.`,
    ],
    [
      'a link to another file for a kernel',
      () => withoutKernel((parent, kernel) => parent.create_external_link('/dev/stdin', '/', kernel)),
      `expected a Dataset at ${place}, received a link.`,
    ],
    [
      'a soft link to nowhere for a group',
      () => withoutGroup((file, path) => file.create_soft_link('/nowhere', path.slice(1))),
      `expected a Group at ${group}, received a link.`,
    ],
    [
      'a soft link to itself for a group',
      () => withoutGroup((file, path) => file.create_soft_link(path, path.slice(1))),
      `expected a Group at ${group}, received a link.`,
    ],
    [
      'a link to another file for a group',
      () => withoutGroup((file, path) => file.create_external_link('/dev/stdin', '/', path.slice(1))),
      `expected a Group at ${group}, received a link.`,
    ],
    [
      'numbers for a group',
      () => withoutGroup((file, path) => file.create_dataset({ name: path.slice(1), data: new Float32Array(3) })),
      `expected a Group at ${group}, received Dataset.`,
    ],
    [
      '64-bit floats',
      () => withoutKernel((parent, kernel) => parent.create_dataset({ name: kernel, data: new Float64Array(3) })),
      `${place}: expected 32-bit floats, received type "<d".`,
    ],
    [
      'integers',
      () => withoutKernel((parent, kernel) => parent.create_dataset({ name: kernel, data: new Int32Array(3) })),
      `${place}: expected 32-bit floats, received type "<i".`,
    ],
    [
      'text',
      () => withoutKernel((parent, kernel) => parent.create_dataset({ name: kernel, data: ['a', 'b'] })),
      `${place}: expected 32-bit floats, received type "S".`,
    ],
    [
      'a chunk that expands to terabytes of fill values',
      () =>
        withoutKernel((parent, kernel) =>
          parent
            .create_dataset({
              name: kernel,
              data: new Float32Array(1),
              shape: [1, 1],
              maxshape: [null, null],
              chunks: [1, 1],
            })
            .resize([1e6, 1e6]),
        ),
      `${place}: expected contiguous numbers, as Keras stores them, received chunks of [1, 1].`,
    ],
    [
      'a compressed kernel',
      () =>
        withoutKernel((parent, kernelName) =>
          parent.create_dataset({
            name: kernelName,
            data: kernel,
            shape: kernelShape,
            chunks: kernelShape,
            compression: 'gzip',
          }),
        ),
      `${place}: expected contiguous numbers, as Keras stores them, received chunks of [3, 3, 3, 8].`,
    ],
    ['a virtual kernel', golden('virtual'), `${place}: expected stored numbers, received a virtual dataset.`],
    ['16-bit floats', golden('float16'), `${place}: expected 32-bit floats, received type "<e".`],
    ['big-endian floats', golden('big_endian'), `${place}: expected 32-bit floats, received type ">f".`],
    ['a kernel in another file', golden('external'), `expected readable numbers in ${place}, received an error: `],
  ];
  it.each(files)('21: %s', async (_, content, message) => {
    const attempt = content().then(read);
    await expect(attempt).rejects.toThrow(ModelError);
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toThrow(/^some\.h5: [^\n]+\.$/);
  });

  it('21: more numbers than fit into the file: libhdf5 would invent the missing ones', async () => {
    const attempt = golden('terabytes')().then(read);
    await expect(attempt).rejects.toThrow(ModelError);
    await expect(attempt).rejects.toThrow(
      /^some\.h5: expected at most \d+ bytes of weights, the size of the file, received shapes of 4000000000000 bytes up to \/\S+ \[1000000, 1000000\]\.$/,
    );
  });

  it('21: links that multiply a few weights', async () => {
    const one = { ...conv1, weights: [{ name: kernelName, shape: [1], values: new Float32Array(1) }] };
    const bomb = await h5File((file) => {
      write(file, [one]);
      const parent = file.get(folder) as Group;
      const names = Array.from({ length: 200 }, (_, index) => (name === 'listed' ? `weight_${index}` : `${index}`));
      for (const link of names) if (link !== kernelName) parent.create_hard_link(place, link);
      const groups = names.map((_, index) => (index === 0 ? group : `${group}_${index}`));
      for (const link of groups.slice(1)) file.create_hard_link(group, link.slice(1));
      if (name === 'counted') return;
      writeTexts(file.get(group) as Group, 'weight_names', names);
      writeTexts(
        file,
        'layer_names',
        groups.map((path) => path.slice(1)),
      );
    });
    // The file is large enough for as many numbers.
    const attempt = read(Buffer.concat([bomb, Buffer.alloc(200 * 200 * 4)]));
    await expect(attempt).rejects.toThrow(ModelError);
    await expect(attempt).rejects.toThrow(
      /^some\.h5: expected at most 20000 names in total, .*, received \d+ more from /,
    );
  });

  it('21: a truncated file', async () => {
    const whole = await h5File((file) => write(file, [conv1, ...norms]));
    for (const percent of [0, 0.1, 10, 50, 90, 99.99]) {
      const attempt = read(whole.subarray(0, Math.floor((whole.length * percent) / 100)));
      await expect(attempt).rejects.toThrow(ModelError);
      await expect(attempt).rejects.toThrow(/^some\.h5: expected an HDF5 file, received [^\n]+$/);
    }
  });
});

describe('refuses', () => {
  const withNames =
    (layerNames: string[], weightNames = ['kernel:0']) =>
    (file: File) => {
      writeLayers(file, [conv1]);
      writeTexts(file, 'layer_names', layerNames);
      writeTexts(file.get('conv1') as Group, 'weight_names', weightNames);
    };
  const counted = (change: (layers: Group, file: File) => void) => (file: File) => {
    writeCountedLayers(file, [conv1, ...norms]);
    change(file.get('layers') as Group, file);
  };
  const files: [string, (file: File) => void, string][] = [
    [
      'an empty file',
      () => {},
      "expected Keras' layers (layer_names, /model_weights or /layers), received an empty file.",
    ],
    ['other groups', (file) => file.create_group('conv1'), '(layer_names, /model_weights or /layers), received conv1.'],
    [
      'a link to another file for all layers',
      (file) => file.create_external_link('/dev/stdin', '/', 'layers'),
      'expected a Group at /layers, received a link.',
    ],
    [
      'numbers for layer names',
      (file) => file.create_attribute('layer_names', new Float32Array(3)),
      'expected the attribute layer_names of / to list names, received other values.',
    ],
    [
      'a single string for layer names',
      (file) => file.create_attribute('layer_names', 'conv1'),
      'expected the attribute layer_names of / to list names, received shape [].',
    ],
    [
      'endless layer names',
      (file) => file.create_attribute('layer_names', new Int8Array(20_001)),
      'expected at most 20000 names in total, more than any backbone has, received 20001 more from the attribute layer_names of /.',
    ],
    [
      'layer names that may all lie in one place',
      (file) => file.create_attribute('layer_names', ['x'.repeat(1e6), ...new Array<string>(200).fill('conv1')]),
      'expected the attribute layer_names of / to be short, received 201 strings of up to 1000000 bytes each.',
    ],
    [
      'endless attributes',
      (file) => {
        writeLayers(file, [{ name: 'layer', weights: [] }]);
        for (let index = 0; index < 200; index += 1)
          (file.get('layer') as Group).create_attribute(`attribute_${index}`, new Int8Array(1));
        const names = Array.from({ length: 200 }, (_, index) => `layer_${index}`);
        for (const link of names) file.create_hard_link('/layer', link);
        writeTexts(file, 'layer_names', names);
      },
      'received 201 more from attributes of /layer_',
    ],
    [
      'a weight far below its layer',
      (file) => {
        withNames(['conv1'], [`${'conv1/'.repeat(5)}kernel:0`])(file);
        file.create_hard_link('/conv1', 'conv1/conv1');
      },
      'expected at most 4 groups above a weight of /conv1, received conv1/conv1/',
    ],
    [
      'no weight names',
      (file) => {
        writeTexts(file, 'layer_names', ['conv1']);
        file.create_group('conv1');
      },
      'expected the attribute weight_names of /conv1, received none.',
    ],
    [
      'a missing layer',
      withNames(['conv1', 'conv2']),
      "expected a Group at /conv2, received an error: name doesn't exist.",
    ],
    [
      'a missing weight',
      withNames(['conv1'], ['kernel:0', 'bias:0']),
      "expected a Dataset at /conv1/bias:0, received an error: name doesn't exist.",
    ],
    ['a layer twice', withNames(['conv1', 'conv1']), 'expected each layer once in layer_names, received conv1 twice.'],
    ...['..', '.', '', '/conv1', '../conv1', 'conv1/kernel:0'].map((name): (typeof files)[number] => [
      `a layer named ${JSON.stringify(name)}`,
      withNames([name, 'conv1']),
      `expected names in / without slashes, other than "." and "..", received ${JSON.stringify(name)}.`,
    ]),
    ...['..', '/conv1/kernel:0', '../conv1/kernel:0', './kernel:0'].map((name): (typeof files)[number] => [
      `a weight named ${JSON.stringify(name)}`,
      withNames(['conv1'], [name]),
      'without slashes, other than "." and "..", received "',
    ]),
    [
      'a layer name with a line break',
      withNames(['conv1\n7']),
      'expected at most 200 printable characters in the attribute layer_names of /, received "conv1\\n7" of 7.',
    ],
    [
      'an endless name',
      counted((layers) => {
        layers.create_group('dense').create_group('vars').create_attribute('name', 'x'.repeat(1e6));
      }),
      'in the attribute name of /layers/dense/vars, received "xxxxxxxxxxxxxxxxxxxx" of 1000000.',
    ],
    [
      'a group name with a line break',
      counted((layers) => layers.create_group('dense\n7')),
      'expected at most 200 printable characters in /layers/, received "dense\\n7" of 7.',
    ],
    [
      'a group named ..',
      counted((layers) => layers.create_hard_link('/layers/conv2d', '..')),
      'expected names in /layers/ without slashes, other than "." and "..", received "..".',
    ],
    [
      'a missing group among numbered ones',
      counted((_, file) => {
        file.create_hard_link('/layers/batch_normalization_9', 'layers/batch_normalization_12');
        // Links cannot be removed, so add one that leaves a gap in the numbers.
        file.create_hard_link('/layers/batch_normalization_9', 'layers/batch_normalization_14');
      }),
      'expected a Group at /layers/batch_normalization_13, received /layers/batch_normalization_14 in its place.',
    ],
    [
      'a duplicate number',
      counted((layers) => layers.create_hard_link('/layers/conv2d', 'conv2d_0')),
      'expected a Group at /layers/conv2d_1, received /layers/conv2d_0 in its place.',
    ],
    [
      'a missing weight among numbered ones',
      counted((layers) => {
        layers
          .create_group('dense')
          .create_group('vars')
          .create_dataset({ name: '1', data: new Float32Array(1) });
      }),
      "expected a Dataset at /layers/dense/vars/0, received an error: name doesn't exist.",
    ],
    [
      'a number for a name',
      counted((layers) => {
        layers.create_group('dense').create_group('vars').create_attribute('name', 7);
      }),
      'expected the attribute name of /layers/dense/vars to be a string, received another value.',
    ],
    [
      'several strings for a name',
      counted((layers) => {
        layers.create_group('dense').create_group('vars').create_attribute('name', ['dense', 'other']);
      }),
      'expected the attribute name of /layers/dense/vars to be a single string, received shape [2].',
    ],
    [
      'a nested model',
      counted((layers) => writeCountedLayers(layers.create_group('functional'), [conv1])),
      'expected the layers of a backbone, received a nested model at /layers/functional; save it alone: model.get_layer(ITS NAME).save_weights("x.weights.h5").',
    ],
  ];
  it.each(files)('%s', async (_, write, message) => {
    const attempt = h5File(write).then(read);
    await expect(attempt).rejects.toThrow(ModelError);
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toThrow(/^some\.h5: [^\n]+\.$/);
  });

  it.each([
    [
      'text',
      new TextEncoder().encode('not a weight file'),
      /^some\.h5: expected an HDF5 file, received a different or truncated file\.$/,
    ],
    ['zeros', new Uint8Array(4096), /^some\.h5: expected an HDF5 file, received a different or truncated file\.$/],
    [
      'a .keras file',
      Uint8Array.of(0x50, 0x4b, 3, 4),
      /received a zip archive; of a \.keras file: model\.save_weights\(/,
    ],
  ])('%s', async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toThrow(ModelError);
    await expect(read(bytes)).rejects.toThrow(message);
  });
});
