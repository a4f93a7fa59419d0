import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { drawShapes } from '@chorus/data';
import { openSealedFolder, sealFolder } from '@chorus/storage';
import tf from '@chorus/tfjs';
import { StoppedError } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeLivelyBundle } from './export/lively-bundle.fixture.ts';
import { type PredictionChunk, predictFiles, predictStream } from './predict.ts';
import type { ImageInput } from './run/image-input.ts';

let parent: string;
let files: string[];
const at = (name: string) => join(parent, name);
// Process-wide settings, which all tests of this file share.
const runtime = { logicalCpuDevices: 2, intraOpThreads: 1 };
const options = { workers: 'cpu:0', runtime };

beforeAll(async () => {
  tf.enableProdMode();
  parent = await mkdtemp(join(tmpdir(), 'chorus-predict-test-'));
  await drawShapes(at('shapes'), { seed: 1, imagesPerClass: { train: 40, validation: 0 } });
  files = ['discs', 'stars'].flatMap((form) =>
    Array.from({ length: 40 }, (_, index) => at(`shapes/train/${form}/${form}-${`${index}`.padStart(5, '0')}.png`)),
  );
  const backbone = { family: 'mobilenet', alpha: 0.25 } as const;
  const members = [
    { name: 'one', backbone: { ...backbone, inputSize: 32 }, modelCount: 2 },
    { name: 'two', backbone: { ...backbone, inputSize: 47 } },
  ];
  await writeLivelyBundle(at('bundle'), members, {
    classes: ['discs', 'stars'],
    testTimeAugmentation: true,
    chosen: 'logistic',
  });
  const large = [{ name: 'large', backbone: { ...backbone, inputSize: 128 } }];
  await writeLivelyBundle(at('large'), large, {
    classes: ['discs', 'stars'],
    testTimeAugmentation: false,
    chosen: 'mean',
  });
});
afterAll(() => rm(parent, { recursive: true, force: true }));

async function collect(inputs: readonly ImageInput[], more: object = {}): Promise<PredictionChunk[]> {
  const chunks: PredictionChunk[] = [];
  for await (const chunk of predictStream(at('bundle'), inputs, { ...options, ...more })) chunks.push(chunk);
  return chunks;
}

describe('predicting many images', () => {
  it('yields chunks in the order of the inputs, with the same predictions as for each image alone', async () => {
    const bad = at('bad.png');
    await writeFile(bad, '<html></html>');
    // The same images repeatedly, over three chunks.
    const paths = Array.from({ length: 320 }, (_, index) => (index % 37 === 5 ? bad : files[(7 * index) % 80]!));
    const inputs = paths.map((path) => ({ kind: 'file' as const, path }));
    const chunks = await collect(inputs, { workers: 'cpu:0,cpu:1' });
    expect(chunks.map(({ doneCount }) => doneCount)).toEqual([32, 288, 320]);
    expect(chunks.flatMap(({ predictions }) => predictions.map(({ path }) => path))).toEqual(
      paths.filter((path) => path !== bad),
    );
    expect(chunks.map(({ skipped }) => skipped.length)).toEqual([1, 7, 1]);
    const alone = new Map<string, number>();
    for (const path of [files[0]!, files[7]!, files[77]!]) {
      const [prediction] = (await predictFiles(at('bundle'), [path], options)).predictions;
      alone.set(path, prediction!.probabilities.stars!);
    }
    let compared = 0;
    for (const { path, probabilities } of chunks.flatMap(({ predictions }) => predictions)) {
      const expected = alone.get(path);
      if (expected === undefined) continue;
      compared += 1;
      expect(Math.abs(probabilities.stars! - expected)).toBeLessThan(1e-6);
    }
    expect(compared).toBeGreaterThanOrEqual(9);
    expect(new Set(alone.values()).size).toBe(3);
  });

  it('needs no more memory for 2,400 images than for 320', async () => {
    const peak = async (count: number) => {
      const script = `import { predictStream } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
        const files = ${JSON.stringify(files)};
        const inputs = Array.from({ length: ${count} }, (_, index) => ({ kind: 'file', path: files[index % 80] }));
        let predicted = 0;
        for await (const { predictions } of predictStream(${JSON.stringify(at('large'))}, inputs, { workers: 'cpu:0' }))
          predicted += predictions.length;
        console.log(JSON.stringify([predicted, process.resourceUsage().maxRSS * 1024]));`;
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
      const [predicted, bytes] = JSON.parse(stdout.trim().split('\n').at(-1)!) as [number, number];
      expect(predicted).toBe(count);
      return bytes;
    };
    const [few, many] = (await Promise.all([peak(320), peak(2400)])) as [number, number];
    // The pixels of 2,080 more images would take 102 MB.
    expect(many - few).toBeLessThan(64e6);
  });

  it('downloads images with their chunk, reads a stream once, and reports missing files', async () => {
    vi.stubEnv('NO_PROXY', '127.0.0.1');
    const server = createServer(async (request, response) => {
      if (request.url === '/there.png') response.end(await readFile(files[0]!));
      else if (request.url === '/page') response.end('<html></html>');
      else response.writeHead(404).end();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const before = await temporaryFolders();
      const [chunk, ...others] = await collect([
        { kind: 'url', url: `${origin}/there.png` },
        { kind: 'missing', name: 'no*.png', reason: 'no file matches' },
        { kind: 'file', path: files[0]! },
        { kind: 'url', url: `${origin}/gone.png` },
        { kind: 'stream', name: '-', stream: Readable.from([await readFile(files[0]!)]) },
        { kind: 'url', url: `${origin}/page` },
      ]);
      expect(others).toEqual([]);
      const { predictions, skipped } = chunk!;
      expect(predictions.map(({ path }) => path)).toEqual([`${origin}/there.png`, files[0]!, '-']);
      for (const { probabilities } of predictions)
        expect(Math.abs(probabilities.stars! - predictions[1]!.probabilities.stars!)).toBeLessThan(1e-6);
      expect(skipped).toEqual([
        { path: 'no*.png', reason: 'no file matches' },
        { path: `${origin}/gone.png`, reason: 'cannot be downloaded: expected a file, received HTTP 404' },
        { path: `${origin}/page`, reason: expect.stringContaining('not an image') },
      ]);
      expect(await temporaryFolders()).toEqual(before);
    } finally {
      server.closeAllConnections();
      server.close();
      vi.unstubAllEnvs();
    }
  });

  it('explains predicted classes, for files only', async () => {
    const inputs: ImageInput[] = [files[0]!, files[40]!].map((path) => ({ kind: 'file', path }));
    const [{ predictions, explanations }] = (await collect(inputs, { explains: true })) as [PredictionChunk];
    expect(explanations!.map((one) => [one.path, one.class])).toEqual(
      predictions.map(({ path, predicted }) => [path, predicted]),
    );
    for (const { maps } of explanations!) {
      expect(maps.members.map(({ name }) => name)).toEqual(['one', 'two']);
      for (const { map } of maps.members) expect(map.values).toHaveLength(map.height * map.width);
    }
    const stream: ImageInput = { kind: 'stream', name: '-', stream: Readable.from([]) };
    await expect(collect([...inputs, stream], { explains: true })).rejects.toThrow(
      'Only image files can be explained, not -; save the image to a file first.',
    );
  });

  it('stops on a signal, even while it waits for an endless stream, and when the caller leaves the loop', async () => {
    const controller = new AbortController();
    const endless = new Readable({ read() {} });
    const stopped = collect([{ kind: 'stream', name: '-', stream: endless }], { signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(stopped).rejects.toThrow(StoppedError);

    const inputs = Array.from({ length: 96 }, (_, index): ImageInput => ({ kind: 'file', path: files[index % 80]! }));
    for await (const { doneCount } of predictStream(at('bundle'), inputs, options)) {
      expect(doneCount).toBe(32);
      break;
    }
    const later = new AbortController();
    const seen: number[] = [];
    await expect(async () => {
      for await (const { doneCount } of predictStream(at('bundle'), inputs, { ...options, signal: later.signal })) {
        seen.push(doneCount);
        later.abort();
      }
    }).rejects.toThrow(StoppedError);
    expect(seen).toEqual([32]);
  });

  it('aborts a download when the caller leaves the loop', async () => {
    vi.stubEnv('NO_PROXY', '127.0.0.1');
    let asked = () => {};
    const isAsked = new Promise<void>((done) => {
      asked = done;
    });
    let closed = () => {};
    const isClosed = new Promise<void>((done) => {
      closed = done;
    });
    const server = createServer((request) => {
      request.socket.on('close', closed);
      asked();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/never.png`;
    const inputs: ImageInput[] = [
      ...files.slice(0, 32).map((path) => ({ kind: 'file' as const, path })),
      { kind: 'url', url },
    ];
    try {
      for await (const { doneCount } of predictStream(at('bundle'), inputs, options)) {
        expect(doneCount).toBe(32);
        await isAsked;
        break;
      }
      await isClosed;
    } finally {
      server.closeAllConnections();
      server.close();
      vi.unstubAllEnvs();
    }
    // Less than the timeout of the download.
  }, 60_000);

  it('says so if no threshold reaches the wanted accuracy', async () => {
    const sealed = Object.fromEntries(await openSealedFolder(at('bundle')));
    const manifest = JSON.parse(new TextDecoder().decode(sealed['bundle.json']));
    const answers = [
      { accuracy: 0.9, threshold: 0.5 },
      { accuracy: 0.99, threshold: null },
    ];
    const thresholds = { answers, sets: [] };
    await sealFolder(at('doubtful'), { ...sealed, 'bundle.json': JSON.stringify({ ...manifest, thresholds }) });
    const notices = async (minAccuracy: number) => {
      const heard: string[] = [];
      const onNotice = (notice: string) => void heard.push(notice);
      const { predictions } = await predictFiles(at('doubtful'), [files[0]!], { ...options, minAccuracy, onNotice });
      return { accepted: predictions[0]!.accepted, heard };
    };
    expect(await notices(0.9)).toEqual({ accepted: true, heard: [] });
    expect(await notices(0.99)).toEqual({
      accepted: false,
      heard: [
        'No prediction is accepted: no threshold reached an accuracy of 0.99 on the out-of-fold predictions of the run.',
      ],
    });
  });

  it('yields nothing without inputs', async () => {
    expect(await predictFiles(at('bundle'), [])).toEqual({ predictions: [], skipped: [] });
  });
});

async function temporaryFolders(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => /^chorus-predict-[^t]/.test(name));
}
