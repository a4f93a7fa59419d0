#!/usr/bin/env node
/** Writes the corpus: small valid files of every format, with drawn pictures and weights of zeros. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { crc32, deflateRawSync } from 'node:zlib';
import { bundleManifestSchema, createClassifier, memberToBytes } from '@chorus/models';
import { sha256 } from '@chorus/storage';
import tf from '@chorus/tfjs';
import h5wasm, { File } from 'h5wasm';
import sharp from 'sharp';

tf.enableProdMode();
await tf.setBackend('cpu');
const manifest = memberManifest();
const corpus: Readonly<Record<string, Readonly<Record<string, Uint8Array | string>>>> = {
  config: configs(),
  bundle: { 'two-members.json': JSON.stringify(bundle()) },
  member: { 'mobilenet.json': JSON.stringify(manifest) },
  checksums: { SHA256SUMS: `${sha256('{}')}  a.json\n${sha256('weights')}  members/b.bin\n` },
  h5: { 'layers.h5': await layersFile(), 'symbol-tables.h5': await keptFile('h5/symbol-tables.h5') },
  safetensors: { 'tensors.safetensors': safetensors() },
  zip: { 'files.zip': archive() },
  image: await images(),
  metrics: { 'epochs.jsonl': epochs() },
  table: { 'issues.csv': issues() },
  'grad-cam': { 'maps.json': JSON.stringify(gradCam()) },
};
for (const [target, files] of Object.entries(corpus)) {
  const folder = new URL(`../corpus/${target}/`, import.meta.url);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(new URL(name, folder), content);
}

// --- internal ---

function memberManifest() {
  const backbone = { family: 'mobilenet', alpha: 0.25, inputSize: 32 } as const;
  const classifier = createClassifier({ backbone, classes: ['cats', 'dogs'], seed: 0, dropout: 0.2 });
  const saved = memberToBytes(classifier);
  classifier.dispose();
  return saved.manifest;
}

function configs(): Record<string, string> {
  const members = [
    { name: 'one', backbone: 'mobilenet', alpha: 0.25 },
    { name: 'two', backbone: 'mobilenet-v2', inputSize: 96, recipe: {} },
  ];
  return {
    'preset.json': JSON.stringify({ preset: 'mobile', data: { source: 'shapes', limitPerClass: 5 }, seed: 3 }),
    'members.json': JSON.stringify({
      ...{ inputSize: 64, weights: 'random', data: { source: 'shapes', maxPixels: 1e6, duplicates: 'drop' } },
      ...{ members: members.map(({ recipe: _, ...one }) => one), stacking: { kind: 'kfold', folds: 3 } },
      recipe: { batchSize: 16, augmentation: 'medium' },
    }),
  };
}

function bundle() {
  const member = (name: string) => ({ name, models: [{ file: `members/${name}/1.bin`, model: manifest }] });
  return bundleManifestSchema.parse({
    ...{ schemaVersion: 4, name: 'drawn', classes: ['cats', 'dogs'], testTimeAugmentation: 'zoom', demo: true },
    decoding: { maxPixels: 1e6, timeoutMs: 10_000, background: '#000000', resize: 'pillow', shrinkOnLoad: true },
    ...{ members: [member('one'), member('two')], student: member('student'), chosen: 'mean' },
    stackers: [{ kind: 'mean', state: { kind: 'mean', memberCount: 2, classCount: 2 } }],
    calibration: { kind: 'vector', scales: [1, 1], biases: [0, 0] },
    thresholds: { answers: [{ accuracy: 0.9, threshold: 0.6 }], sets: [{ coverage: 0.9, threshold: 0.2 }] },
  });
}

/** A file of the corpus that only a program in Python can write. */
function keptFile(path: string): Promise<Uint8Array> {
  return readFile(new URL(`../corpus/${path}`, import.meta.url));
}

/** As Keras writes layers. */
async function layersFile(): Promise<Uint8Array> {
  const { FS } = await h5wasm.ready;
  const file = new File('/corpus.h5', 'w');
  const texts = (group: typeof file | ReturnType<typeof file.create_group>, name: string, values: string[]) =>
    group.create_attribute(name, values, null, `S${Math.max(...values.map((value) => value.length))}`);
  texts(file, 'layer_names', ['conv1', 'conv1_bn']);
  const layer = (name: string, weights: Record<string, number[]>) => {
    const group = file.create_group(name);
    texts(
      group,
      'weight_names',
      Object.keys(weights).map((weight) => `${name}/${weight}:0`),
    );
    const inner = group.create_group(name);
    for (const [weight, shape] of Object.entries(weights)) {
      const count = shape.reduce((product, side) => product * side, 1);
      inner.create_dataset({ name: `${weight}:0`, data: new Float32Array(count), shape });
    }
  };
  layer('conv1', { kernel: [3, 3, 3, 2] });
  layer('conv1_bn', { gamma: [2], beta: [2], moving_mean: [2], moving_variance: [2] });
  file.close();
  return FS.readFile('/corpus.h5');
}

function safetensors(): Uint8Array {
  const tensors = [
    { name: 'conv_stem.weight', shape: [2, 3, 3, 3] },
    { name: 'bn1.weight', shape: [2] },
    { name: 'bn1.running_var', shape: [2] },
  ];
  let end = 0;
  const entries = tensors.map(({ name, shape }) => {
    const start = end;
    end += shape.reduce((product, side) => product * side, Float32Array.BYTES_PER_ELEMENT);
    return [name, { dtype: 'F32', shape, data_offsets: [start, end] }];
  });
  const header = Buffer.from(JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(entries) }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(end)]);
}

/** A stored and a deflated file, by PKWARE's APPNOTE 4.3. */
function archive(): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text, method] of [
    ['train/a.txt', 'stored', 0],
    ['train/b.txt', 'deflated '.repeat(20), 8],
  ] as const) {
    const raw = Buffer.from(text);
    const content = method === 8 ? deflateRawSync(raw) : raw;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(crc32(raw), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(raw.length, 18);
    common.writeUInt16LE(name.length, 22);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(0o100644 * 0x10000, 6);
    rest.writeUInt32LE(offset, 10);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), content]);
    directory.push(Buffer.from('PK\x01\x02\x14\x03', 'latin1'), common, rest, Buffer.from(name));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(2, 4);
  end.writeUInt16LE(2, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, central, Buffer.from('PK\x05\x06'), end]);
}

async function images(): Promise<Record<string, Uint8Array>> {
  const [width, height] = [24, 16];
  const pixels = Uint8Array.from({ length: width * height * 4 }, (_, index) => (index * 7) % 256);
  const drawn = () => sharp(pixels, { raw: { width, height, channels: 4 } });
  return {
    'baseline.jpg': await drawn().jpeg({ quality: 60 }).toBuffer(),
    'progressive.jpg': await drawn().jpeg({ progressive: true }).withMetadata({ orientation: 6 }).toBuffer(),
    'plain.png': await drawn().png().toBuffer(),
    'palette.png': await drawn().png({ palette: true, progressive: true }).toBuffer(),
    'lossy.webp': await drawn().webp().toBuffer(),
    'lossless.webp': await drawn().webp({ lossless: true }).toBuffer(),
    'plain.gif': await drawn().gif().toBuffer(),
    'deflate.tif': await drawn().tiff({ compression: 'deflate' }).toBuffer(),
    'plain.avif': await drawn().avif({ effort: 0 }).toBuffer(),
  };
}

function epochs(): string {
  const epoch = {
    ...{ task: 'one/holdout', member: 'one', fold: { kind: 'holdout' }, stage: 'head' },
    ...{
      startedAtMs: 1,
      finishedAtMs: 2,
      loss: 0.5,
      tuneLoss: 0.6,
      tuneAccuracy: 0.8,
      learningRate: 0.001,
      best: true,
    },
  };
  return [0, 1, 2].map((epochIndex) => `${JSON.stringify({ ...epoch, epochIndex })}\n`).join('');
}

function issues(): string {
  return [
    'path,label,suggested,probabilityOfLabel,probabilityOfSuggested,score,set',
    '"train/cats/1, ""odd"".jpg",cats,dogs,0.1,0.9,0.1,training',
    'test/dogs/2.jpg,dogs,cats,0.2,0.8,0.2,test\n',
  ].join('\n');
}

function gradCam() {
  const map = [
    [0, 0.5],
    [1, 0.25],
  ];
  const image = { path: 'test/cats/1.jpg', class: 'cats', ensemble: map, members: [{ name: 'one', map }] };
  return { schemaVersion: 1, images: [image, { ...image, class: 'dogs' }] };
}
