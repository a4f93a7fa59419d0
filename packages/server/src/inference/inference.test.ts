import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smoothFile, writePets } from '../../../predictor/src/bundles.fixture.ts';
import { type ClassifyAnswer, createServerApp, type ImageService, openService } from '../index.ts';

let parent: string;
let service: ImageService;
let app: ReturnType<typeof createServerApp>;
let images: Uint8Array<ArrayBuffer>[];

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-inference-test-'));
  await writePets(join(parent, 'pets'));
  images = [await smoothFile('png', 1), await smoothFile('png', 3)];
  service = await openService(join(parent, 'pets'), { workers: 1, student: true });
  app = createServerApp(service);
});
afterAll(async () => {
  await service?.close();
  await rm(parent, { recursive: true, force: true });
});

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const send = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  app.request('/v2/models/lively/infer', { method: 'POST', body, headers });
const infer = (input: object, rest: object = {}) => send(JSON.stringify({ inputs: [input], ...rest }));
const encoded = (data: unknown[], shape = [data.length]) => ({ name: 'image', datatype: 'BYTES', shape, data });
const pixels = (shape: number[], rest: object) => ({ name: 'pixels', datatype: 'UINT8', shape, ...rest });

/** JSON and what follows it, with the header that says where it starts. */
function binary(json: object, ...rest: Uint8Array[]): Promise<Response> | Response {
  const head = Buffer.from(JSON.stringify(json));
  const header = { 'Inference-Header-Content-Length': String(head.length) };
  return send(new Uint8Array(Buffer.concat([head, ...rest])), header);
}

describe('the Open Inference Protocol', () => {
  it('describes the server, its health and the model', async () => {
    expect(await (await app.request('/v2')).json()).toMatchObject({
      name: 'chorus',
      extensions: ['binary_tensor_data'],
    });
    for (const path of ['/v2/health/live', '/v2/health/ready', '/v2/models/lively/ready'])
      expect((await app.request(path)).status).toBe(200);
    const { version } = service.model;
    const expected = {
      ...{ name: 'lively', versions: [version], platform: 'chorus_onnxruntime' },
      inputs: [
        { name: 'image', datatype: 'BYTES', shape: [-1] },
        { name: 'pixels', datatype: 'UINT8', shape: [-1, -1, -1, 3] },
      ],
      outputs: [
        { name: 'probabilities', datatype: 'FP32', shape: [-1, 2], parameters: { labels: ['cats', 'dogs'] } },
        { name: 'label', datatype: 'BYTES', shape: [-1] },
      ],
    };
    expect(await (await app.request('/v2/models/lively')).json()).toEqual(expected);
    expect(await (await app.request(`/v2/models/lively/versions/${version}`)).json()).toEqual(expected);
    for (const path of ['/v2/models/other', '/v2/models/lively/versions/1', '/v2/models/other/ready'])
      expect((await app.request(path)).status).toBe(404);
  });

  it('classifies encoded images and pixels, in JSON and as bytes, as /classify does', async () => {
    const classified = (await (
      await app.request('/classify', {
        ...{ method: 'POST', body: JSON.stringify({ images: images.map(base64) }) },
        headers: { 'Content-Type': 'application/json' },
      })
    ).json()) as ClassifyAnswer;
    const expected = classified.results.flatMap((result) => {
      if (!('classes' in result)) throw new Error(result.error);
      return ['cats', 'dogs'].map((name) => result.classes.find(({ label }) => label === name)!.probability);
    });
    const raw = await Promise.all(images.map((image) => sharp(image).raw().toBuffer()));
    const prefixed = images.flatMap((image) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(image.length);
      return [length, image];
    });
    const rawSize = { parameters: { binary_data_size: 2 * raw[0]!.length } };
    const prefixedSize = { parameters: { binary_data_size: Buffer.concat(prefixed).length } };
    for (const response of [
      await infer(encoded(images.map(base64)), { id: '7' }),
      await infer(
        encoded(
          images.map((image) => [base64(image)]),
          [2, 1],
        ),
      ),
      await infer(pixels([2, 90, 120, 3], { data: raw.flatMap((image) => [...image]) })),
      await binary({ inputs: [pixels([2, 90, 120, 3], rawSize)] }, ...raw),
      await binary({ inputs: [{ ...encoded([], [2]), data: undefined, ...prefixedSize }] }, ...prefixed),
    ]) {
      const answer = (await response.json()) as {
        id?: string;
        outputs: { name: string; shape: number[]; data: number[] }[];
      };
      expect(answer).toMatchObject({ model_name: 'lively', model_version: service.model.version });
      const [probabilities, label] = answer.outputs;
      expect(probabilities).toMatchObject({ name: 'probabilities', datatype: 'FP32', shape: [2, 2] });
      for (const [index, value] of expected.entries()) expect(probabilities!.data[index]).toBeCloseTo(value, 5);
      expect(label).toMatchObject({ name: 'label', datatype: 'BYTES', shape: [2] });
    }
    const named = await infer(encoded([base64(images[0]!)]), { id: '7', outputs: [{ name: 'label' }] });
    expect(await named.json()).toMatchObject({ id: '7', outputs: [{ name: 'label', shape: [1] }] });
  });

  it.each([
    ['no input', () => send('{"inputs":[]}'), /inputs: expected/],
    ['no JSON', () => send('--'), /^Expected JSON in UTF-8/],
    [
      'another type',
      () => infer({ name: 'x', datatype: 'FP32', shape: [1, 2, 2, 3], data: [] }),
      /received FP32 \[1,2,2,3\]/,
    ],
    ['another shape', () => infer(pixels([1, 3, 2, 2], { data: [] })), /received UINT8 \[1,3,2,2\]/],
    ['too few pixels', () => infer(pixels([1, 2, 2, 3], { data: [1, 2] })), /expected 12 values, .* received 2/],
    ['a huge shape', () => infer(pixels([1, 2 ** 31, 2 ** 31, 3], { data: [1] })), /expected 138350580\d+ values/],
    ['no pixels', () => infer(pixels([1, 0, 2, 3], { data: [] })), /at least one pixel, received 0/],
    ['fractions', () => infer(pixels([1, 1, 1, 3], { data: [0, 0.5, 256] })), /from 0 to 255, received 0\.5/],
    ['no base64', () => infer(encoded(['%'])), /^image\.0: expected an image file in base64/],
    ['numbers as images', () => infer(encoded([7])), /^image\.0: .* received number/],
    ['another count', () => infer(encoded(['AAAA'], [2])), /the number of images in its shape, .* received 1/],
    ['no image', () => infer(encoded(['AAAA'])), /^Image 0 cannot be used: not an? /],
    [
      'no data',
      () => infer({ name: 'image', datatype: 'BYTES', shape: [1] }),
      /either data or parameters\.binary_data_size/,
    ],
    ['an unknown output', () => infer(encoded(['AAAA']), { outputs: [{ name: 'logits' }] }), /received "logits"/],
    [
      'binary outputs',
      () => infer(encoded(['AAAA']), { parameters: { binary_data_output: true } }),
      /^Expected outputs in JSON/,
    ],
    ['a bad header length', () => send('{}', { 'Inference-Header-Content-Length': '3' }), /up to the body's 2 bytes/],
    [
      'bytes of another length',
      () => binary({ inputs: [pixels([1, 1, 1, 3], { parameters: { binary_data_size: 3 } })] }, Buffer.alloc(4)),
      /expected 3 bytes behind the JSON, received 4/,
    ],
    [
      'lengths beyond the bytes',
      () =>
        binary(
          { inputs: [{ name: 'image', datatype: 'BYTES', shape: [1], parameters: { binary_data_size: 5 } }] },
          Buffer.from([2, 0, 0, 0, 1]),
        ),
      /the lengths of its elements do not fit/,
    ],
  ] as const)('refuses %s with 400', async (_, ask, message) => {
    const response = await ask();
    expect({ status: response.status, ...((await response.json()) as object) }).toEqual({
      ...{ status: 400, code: 'bad_request', error: expect.stringMatching(message) },
    });
  });
});
