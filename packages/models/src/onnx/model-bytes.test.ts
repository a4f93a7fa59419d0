import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tf from '@chorus/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { livelyClassifier, smoothImages } from '../export/lively-classifier.fixture.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { memberGraph } from './ensemble-graph.ts';
import { GraphBuilder } from './graph-builder.ts';
import { modelBytes, modelFiles } from './model-bytes.ts';
import type { OnnxGraph } from './onnx-graph.ts';
import { runOnnx } from './onnxruntime.fixture.ts';

useNativeBackend();

let graph: OnnxGraph;
let images: tf.Tensor4D;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-onnx-'));
  const backbone = { family: 'mobilenet', alpha: 0.25, inputSize: 32 } as const;
  const classifier = livelyClassifier({ backbone, classes: ['a', 'b', 'c'], seed: 1 });
  graph = memberGraph({ name: 'only', classifiers: [classifier] }, { testTimeAugmentation: false });
  classifier.dispose();
  images = smoothImages(2, 32, 3);
});
afterAll(async () => {
  tf.dispose(images);
  await rm(folder, { recursive: true, force: true });
});

describe('modelFiles', () => {
  const dataFile = 'some.onnx.data';

  it('is one file if the weights fit', () => {
    const { model, data } = modelFiles(graph, { dataFile });
    expect(data).toEqual([]);
    expect(Buffer.from(model).equals(modelBytes(graph))).toBe(true);
  });

  it('moves the weights to a data file if they do not fit, and computes the same', async () => {
    const bytes = graph.constants.reduce((sum, { values }) => sum + values.byteLength, 0);
    expect(modelFiles(graph, { dataFile, maximumInlineBytes: bytes }).data).toEqual([]);
    const { model, data } = modelFiles(graph, { dataFile, maximumInlineBytes: bytes - 1 });
    const content = Buffer.concat(data);
    expect(content.length).toBeGreaterThan(0.9 * bytes);
    expect(model.length).toBeLessThan(0.15 * bytes);
    const expected = await runOnnx(modelBytes(graph), { image_32: images });
    const path = join(folder, 'some.onnx');
    await writeFile(path, model);
    await expect(runOnnx(path, { image_32: images })).rejects.toThrow(/some\.onnx\.data/);
    await writeFile(join(folder, dataFile), content);
    expect(await runOnnx(path, { image_32: images })).toEqual(expected);
  });
});

it('does not put more than 2 GB into one file', () => {
  // Memory that is never written takes no space.
  const values = new Float32Array(new ArrayBuffer(1_200_000_000));
  const large: OnnxGraph = {
    ...{ name: 'large', inputs: [], outputs: [], nodes: [] },
    constants: ['a', 'b'].map((name) => ({ name, shape: [values.length], values })),
  };
  expect(() => modelBytes(large)).toThrow(/at most 2000000000 bytes of weights, received 2400000000/);
  const { model, data } = modelFiles(large, { dataFile: 'large.onnx.data' });
  expect(model.length).toBeLessThan(1000);
  expect(data.reduce((sum, { byteLength }) => sum + byteLength, 0)).toBe(2_400_000_000);
});

describe('GraphBuilder', () => {
  it.each([
    {
      what: 'two values of one name',
      build: (builder: GraphBuilder) => builder.constant('x', [], Float32Array.of(1)),
      message: 'the ONNX graph has two values of the same name: x',
    },
    {
      what: 'an unknown input',
      build: (builder: GraphBuilder) => builder.node('Relu', 'y', ['z']),
      message: 'node y of the ONNX graph has an unknown input: z',
    },
    {
      what: 'a wrong shape',
      build: (builder: GraphBuilder) => builder.constant('y', [2, 3], new Float32Array(5)),
      message: 'constant y of the ONNX graph has 5 numbers; its shape has 6',
    },
  ])('refuses $what', ({ build, message }) => {
    const builder = new GraphBuilder();
    builder.input({ name: 'x', type: 'float32', shape: ['N'] });
    expect(() => build(builder)).toThrow(message);
  });

  it('shares equal numbers and equal vectors', () => {
    const builder = new GraphBuilder();
    expect(builder.number(6)).toBe(builder.number(6));
    expect(builder.integers([1, -2])).toBe(builder.integers([1, -2]));
    expect(builder.integers([1, 2])).not.toBe(builder.integers([1, -2]));
    expect(builder.build('some').constants).toHaveLength(3);
  });
});
