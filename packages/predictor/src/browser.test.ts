/** The bundled browser entry in real Chromium, compared with node. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compactBundle } from '@chorus/orchestration';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as browserEntry from './browser.ts';
import {
  documentedBlock,
  type FileServer,
  serveFiles,
  smoothFile,
  smoothPixels,
  writePets,
  writePhotos,
} from './bundles.fixture.ts';
import { type Classification, type ImageClassifier, type ImageSource, loadClassifier } from './index.ts';

/** Debian's; CHORUS_CHROMIUM names another. */
const program = process.env.CHORUS_CHROMIUM ?? '/usr/bin/chromium';
const hasChromium = existsSync(program);
if (!hasChromium)
  console.warn(
    `Skipped: no Chromium at ${program}; install it, or name one with CHORUS_CHROMIUM, to test the browser.`,
  );

const html = `<!doctype html>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<script type="module">
  import * as predictor from '/page/predictor.js';
  Object.assign(globalThis, { predictor, classifier: await predictor.loadClassifier('/all/pets') });
</script>`;

/** What the page makes available. */
declare const predictor: typeof browserEntry;
declare const classifier: browserEntry.ImageClassifier<browserEntry.BrowserImage>;

let parent: string;
let server: FileServer;
let browser: Browser;
let page: Page;
let local: ImageClassifier<ImageSource>;
/** Names, with the seed and orientation of their pixels. */
const files: Record<string, [seed: number, orientation?: number]> = {
  ...{ 'upright.jpg': [1], 'turned.jpg': [2, 6], 'picture.png': [3] },
};

beforeAll(async () => {
  if (!hasChromium) return;
  parent = await mkdtemp(join(tmpdir(), 'chorus-browser-test-'));
  await writePets(join(parent, 'pets'));
  await writePhotos(join(parent, 'photos'));
  await compactBundle(join(parent, 'pets'), 'int8', { out: join(parent, 'small') });
  await compactBundle(join(parent, 'pets'), 'int8', { out: join(parent, 'integers'), images: join(parent, 'photos') });
  await mkdir(join(parent, 'site'));
  await symlink(join(parent, 'pets'), join(parent, 'site/bundle'));
  await symlink(fileURLToPath(new URL('../dist/page', import.meta.url)), join(parent, 'site/predictor'));
  for (const [name, [seed, orientation]] of Object.entries(files))
    await writeFile(join(parent, name), await smoothFile(name.endsWith('png') ? 'png' : 'jpeg', seed, orientation));
  await writeFile(join(parent, 'text.png'), '<html></html>');
  local = await loadClassifier(join(parent, 'pets'), { threads: 1 });
  server = await serveFiles(
    { all: parent, page: fileURLToPath(new URL('../dist/page', import.meta.url)), site: join(parent, 'site') },
    { '/': html, '/site/': await documentedBlock('html') },
  );
  browser = await chromium.launch({
    executablePath: program,
    args: ['--no-sandbox', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
  });
  page = await browser.newPage();
  await page.goto(server.url);
  await page.waitForFunction(() => 'classifier' in globalThis);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  await local?.dispose();
  if (parent !== undefined) await rm(parent, { recursive: true, force: true });
});

function expectClose(one: readonly Classification[], other: readonly Classification[], limit: number): void {
  expect(one.map(({ label }) => label)).toEqual(other.map(({ label }) => label));
  for (const [index, { probability }] of one.entries())
    expect(Math.abs(probability - other[index]!.probability)).toBeLessThan(limit);
}

describe.skipIf(!hasChromium)('in Chromium', () => {
  it('computes with 8-bit integers, as node does', async () => {
    const inNode = await loadClassifier(join(parent, 'integers'), { threads: 1 });
    const images = [4, 5].map((seed) => smoothPixels(150, 100, seed));
    const expected = await inNode.classifyMany(images);
    await inNode.dispose();
    const results = await page.evaluate(
      async (sources) => {
        const integers = await predictor.loadClassifier('/all/integers');
        const pictures = sources.map(
          ({ values, width, height }) => new ImageData(Uint8ClampedArray.from(values), width, height),
        );
        const found = await integers.classifyMany(pictures);
        await integers.dispose();
        return found;
      },
      images.map(({ data, ...size }) => ({ values: [...data], ...size })),
    );
    const inFloats = await local.classifyMany(images);
    for (const [index, result] of results.entries()) {
      expectClose(result, expected[index]!, 1e-5);
      expect(Math.abs(result[0]!.probability - inFloats[index]![0]!.probability)).toBeGreaterThan(1e-4);
    }
  });

  it('classifies with the first network while the others load', async () => {
    const answers = await page.evaluate(async () => {
      const pixels = new ImageData(new Uint8ClampedArray(4 * 64 * 64).fill(200), 64);
      let answer: Promise<Classification[]> | undefined;
      const whole = await predictor.loadClassifier('/all/pets', {
        cache: false,
        onFirst: (first) => {
          answer = first.classify(pixels).finally(() => first.dispose());
        },
      });
      const student = await predictor.loadClassifier('/all/pets', { student: true });
      const result = [
        await answer!,
        await student.classify(pixels),
        await whole.classify(pixels),
        await classifier.classify(pixels),
      ];
      await whole.dispose();
      await student.dispose();
      return result;
    });
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[2]).toEqual(answers[3]);
    expect(answers[0]).not.toEqual(answers[2]);
  });

  it('loads a bundle from files', async () => {
    const probabilities = await page.evaluate(async () => {
      const fetched = async (name: string) => (await fetch(`/all/pets/${name}`)).blob();
      const sums = await (await fetched('SHA256SUMS')).text();
      const names = [
        'SHA256SUMS',
        ...sums
          .trim()
          .split('\n')
          .map((line) => line.split('  ')[1]!),
      ];
      const files = new Map(await Promise.all(names.map(async (name) => [name, await fetched(name)] as const)));
      const fromFiles = await predictor.loadClassifier(files);
      const image = await fetch('/all/picture.png').then((response) => response.blob());
      const result = [await fromFiles.classify(image), await classifier.classify(image)];
      await fromFiles.dispose();
      return result;
    });
    expect(probabilities[0]).toEqual(probabilities[1]);
  });

  it('says that it runs WebAssembly, and gives the same probabilities as node for the same pixels', async () => {
    expect(await page.evaluate(() => classifier.backend)).toBe('wasm');
    for (const seed of [4, 5, 6]) {
      const pixels = smoothPixels(150, 100, seed);
      const { data, ...size } = pixels;
      const result = await page.evaluate(
        ({ values, width, height }) =>
          classifier.classify(new ImageData(Uint8ClampedArray.from(values), width, height)),
        { values: [...data], ...size },
      );
      expectClose(result, await local.classify(pixels), 1e-5);
    }
  });

  it('decodes files as node does: a PNG to the same pixels, a JPEG to nearly the same, upright', async () => {
    for (const name of Object.keys(files)) {
      const result = await page.evaluate((url) => classifier.classify(url), `/all/${name}`);
      // libjpeg-turbo decodes in both; the decoders may differ by their version and settings.
      expectClose(result, await local.classify(join(parent, name)), name.endsWith('png') ? 1e-5 : 0.01);
    }
  });

  it('takes an image in any form', async () => {
    const results = await page.evaluate(async () => {
      const response = await fetch('/all/picture.png');
      const blob = await response.blob();
      const image = new Image();
      image.src = '/all/picture.png';
      const bitmap = await createImageBitmap(blob);
      const canvas = document.createElement('canvas');
      Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
      const paint = () => canvas.getContext('2d')!.drawImage(bitmap, 0, 0);
      paint();
      const offscreen = new OffscreenCanvas(bitmap.width, bitmap.height);
      offscreen.getContext('2d')!.drawImage(bitmap, 0, 0);
      const bytes = await blob.arrayBuffer();
      const forms = [
        ...[blob, new File([blob], 'picture.png'), bytes, new Uint8Array(bytes), image, bitmap, canvas, offscreen],
        ...[new VideoFrame(canvas, { timestamp: 0 }), new URL('/all/picture.png', location.href)],
      ];
      const all: browserEntry.Classification[][] = [];
      for (const form of forms) all.push(await classifier.classify(form));
      const video = document.createElement('video');
      Object.assign(video, { srcObject: canvas.captureStream(), muted: true });
      // A stream gets a frame whenever its canvas is painted.
      const painting = setInterval(paint, 20);
      await video.play();
      clearInterval(painting);
      return { all, video: await classifier.classify(video), many: await classifier.classifyMany(forms.slice(0, 3)) };
    });
    const expected = await local.classify(join(parent, 'picture.png'));
    for (const result of [...results.all, ...results.many]) expectClose(result, expected, 1e-5);
    // A stream of a canvas loses color resolution.
    expectClose(results.video, expected, 0.1);
  });

  it("refuses more pixels than the page's own limit, below that of the bundle", async () => {
    const message = await page.evaluate(async () => {
      const limited = await predictor.loadClassifier('/all/pets', { maxPixels: 99 });
      const refused = limited
        .classify(new ImageData(10, 10))
        .catch((error: Error) => `${error.name}: ${error.message}`);
      await limited.classify(new ImageData(9, 11));
      const text = await refused;
      await limited.dispose();
      return text;
    });
    expect(message).toBe('PredictorError: Expected an image of at most 99 pixels, received 10 × 10.');
  });

  it('puts transparent pixels on the background of the bundle', async () => {
    const pixels = smoothPixels(60, 50, 4);
    for (let index = 3; index < 4000; index += 4) pixels.data[index] = 0;
    const result = await page.evaluate(
      (values) => classifier.classify(new ImageData(Uint8ClampedArray.from(values), 60, 50)),
      [...pixels.data],
    );
    expectClose(result, await local.classify(pixels), 1e-5);
  });

  it('keeps the files in the Cache API, and fetches a damaged one again', async () => {
    const loadAgain = (options: object) =>
      page.evaluate(async (more) => {
        const other = await predictor.loadClassifier('/all/pets', { member: 'two', ...more });
        await other.dispose();
      }, options);
    const path = '/all/pets/members/two/1.bin';
    const fetchesOf = async (options: object) => {
      server.requests.length = 0;
      await loadAgain(options);
      return server.requests.filter((request) => request === path).length;
    };
    expect(await fetchesOf({})).toBe(0);
    await page.evaluate(async (name) => {
      const cache = await caches.open(predictor.cacheName);
      for (const key of await cache.keys(name, { ignoreSearch: true })) await cache.put(key, new Response('damaged'));
    }, path);
    expect(await fetchesOf({})).toBe(1);
    expect(await fetchesOf({ cache: false })).toBe(1);
  });

  it('refuses what it cannot use, with a reason', async () => {
    const messages = await page.evaluate(async () => {
      const reason = (run: () => Promise<unknown>) =>
        run().then(
          () => 'nothing was refused',
          (error: Error) => `${error.name}: ${error.message}`,
        );
      const aborted = new AbortController();
      return {
        text: await reason(() => classifier.classify('/all/text.png')),
        missing: await reason(() => classifier.classify('/all/nowhere.png')),
        empty: await reason(() => classifier.classify(document.createElement('video'))),
        broken: await reason(() => classifier.classify(Object.assign(new Image(), { src: '/all/text.png' }))),
        other: await reason(() => classifier.classify(7 as unknown as string)),
        bundle: await reason(() => predictor.loadClassifier('/all/nowhere')),
        webgpu: await reason(() => predictor.loadClassifier('/all/pets', { backend: 'webgpu' })),
        aborted: await reason(() =>
          predictor.loadClassifier('/all/pets', {
            signal: aborted.signal,
            onProgress: () => aborted.abort(new Error('enough')),
          }),
        ),
      };
    });
    expect(messages).toEqual({
      text: expect.stringMatching(/^PredictorError: Cannot decode .*this browser decodes no image/),
      missing: expect.stringMatching(/^PredictorError: Cannot read .*nowhere\.png: .*status 404/),
      empty: expect.stringMatching(/^PredictorError: Expected an image with pixels, received 0 × 0/),
      broken: expect.stringMatching(/^PredictorError: Cannot decode the image .*text\.png/),
      other: expect.stringMatching(/^PredictorError: Expected a URL, Blob, .*received 7/),
      bundle: expect.stringMatching(/^PredictorError: Cannot read .*nowhere\/SHA256SUMS: .*status 404/),
      webgpu: 'PredictorError: The backend webgpu cannot be used here: this browser offers no GPU; use wasm.',
      aborted: 'Error: enough',
    });
  });

  it('runs the page of the docs', async () => {
    await page.goto(`${server.url}/site/`);
    await page.waitForSelector('button:enabled');
    await page.setInputFiles('input', join(parent, 'picture.png'));
    const [best, second] = await local.classify(join(parent, 'picture.png'));
    const text = [best, second].map((one) => `${one!.label} ${(100 * one!.probability).toFixed(1)} %`).join(', ');
    await page.waitForFunction((wanted) => document.querySelector('output')!.textContent === wanted, text);
    await page.click('button');
    await page.waitForFunction((file) => document.querySelector('output')!.textContent !== file, text);
    expect(await page.textContent('output')).toMatch(/^(cats|dogs) \d+\.\d %, (cats|dogs) \d+\.\d %$/);
  });
});

describe.skipIf(!hasChromium)('on WebGPU, in Chromium with a GPU that is computed (SwiftShader)', () => {
  let withGpu: Browser;
  beforeAll(async () => {
    withGpu = await chromium.launch({
      executablePath: program,
      args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
    });
  });
  afterAll(() => withGpu?.close());

  it('gives nearly the same probabilities as node for the same pixels', { timeout: 120_000 }, async ({ skip }) => {
    const gpuPage = await withGpu.newPage();
    await gpuPage.goto(server.url);
    const hasAdapter = await gpuPage.evaluate(async () => {
      const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<object | null> } };
      return gpu !== undefined && (await gpu.requestAdapter()) !== null;
    });
    skip(!hasAdapter, 'this Chromium has no WebGPU adapter, not even SwiftShader');
    await gpuPage.waitForFunction(() => 'predictor' in globalThis);
    // The student alone: SwiftShader compiles a program for each layer.
    // WebGPU computes in float32, also where other backends compute with integers.
    const student = await loadClassifier(join(parent, 'small'), { student: true, threads: 1 });
    const images = [4, 5].map((seed) => smoothPixels(150, 100, seed));
    const { backend, results } = await gpuPage.evaluate(
      async (sources) => {
        const onGpu = await predictor.loadClassifier('/all/integers', { backend: 'webgpu', student: true });
        const found: Classification[][] = [];
        for (const { values, width, height } of sources)
          found.push(await onGpu.classify(new ImageData(Uint8ClampedArray.from(values), width, height)));
        await onGpu.dispose();
        return { backend: onGpu.backend, results: found };
      },
      images.map(({ data, ...size }) => ({ values: [...data], ...size })),
    );
    expect(backend).toBe('webgpu');
    const expected = await student.classifyMany(images);
    await student.dispose();
    for (const [index, result] of results.entries()) expectClose(result, expected[index]!, 1e-3);
    // The images have different answers, so that a mix-up would show.
    expect(Math.abs(expected[0]![0]!.probability - expected[1]![0]!.probability)).toBeGreaterThan(1e-3);
    await gpuPage.close();
  });
});
