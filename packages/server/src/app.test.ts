import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Classification, loadClassifier } from '@chorus/predictor';
import { Hono } from 'hono';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smoothFile, writePets } from '../../predictor/src/bundles.fixture.ts';
import { type ClassifyAnswer, createServerApp, type ImageService, openService } from './index.ts';

let parent: string;
let service: ImageService;
let app: ReturnType<typeof createServerApp>;
let images: Uint8Array<ArrayBuffer>[];
/** Of the predictor, in this thread. */
let expected: Classification[][];

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-server-test-'));
  await writePets(join(parent, 'pets'));
  images = [await smoothFile('jpeg', 1), await smoothFile('jpeg', 2, 6), await smoothFile('png', 3)];
  const classifier = await loadClassifier(join(parent, 'pets'), { threads: 1 });
  expected = await classifier.classifyMany(images);
  await classifier.dispose();
  service = await openService(join(parent, 'pets'), { workers: 2, maxPending: 20, maxPixels: 20_000 });
  app = createServerApp(service, { limits: { maxBodyBytes: 200_000, maxBufferedBytes: 600_000 } });
});
afterAll(async () => {
  await service?.close();
  await rm(parent, { recursive: true, force: true });
});

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const post = (body: string | Uint8Array<ArrayBuffer> | FormData, type?: string, path = '/classify') =>
  app.request(path, { method: 'POST', body, headers: type === undefined ? {} : { 'Content-Type': type } });
const postJson = (body: unknown, path?: string) => post(JSON.stringify(body), 'application/json', path);
const answerOf = async (response: Response) => {
  const json = (await response.json()) as ClassifyAnswer & { error?: string };
  expect(json.error).toBeUndefined();
  expect(response.status).toBe(200);
  return json;
};

function form(entries: readonly (readonly [string, Blob | string, string?])[]): FormData {
  const data = new FormData();
  for (const [name, value, file] of entries)
    if (typeof value === 'string') data.append(name, value);
    else data.append(name, value, file);
  return data;
}

/** The probabilities of an image, which another batch may change in the last digits. */
function expectClasses(received: ClassifyAnswer['results'][number], classes: readonly Classification[]): void {
  if (!('classes' in received)) throw new Error(received.error);
  expect(received.classes.map(({ label }) => label)).toEqual(classes.map(({ label }) => label));
  for (const [index, { probability }] of received.classes.entries())
    expect(probability).toBeCloseTo(classes[index]!.probability, 5);
}

describe('POST /classify', () => {
  it.each(['image/jpeg', 'application/octet-stream', 'Image/PNG; q=1'])('answers a body of type %s', async (type) => {
    const { model, results } = await answerOf(await post(images[0]!, type));
    expect(model).toEqual({ name: 'lively', version: service.model.version });
    expect(results).toHaveLength(1);
    expectClasses(results[0]!, expected[0]!);
  });

  it('answers several files of a form in their order, by name', async () => {
    const files = images.map((bytes, index) => ['image', new Blob([bytes]), `${index}.jpg`] as const);
    const { results } = await answerOf(await post(form([...files, ['top', '1']])));
    expect(results.map(({ name }) => name)).toEqual(['0.jpg', '1.jpg', '2.jpg']);
    for (const [index, result] of results.entries()) expectClasses(result, expected[index]!.slice(0, 1));
  });

  it('answers base64 in JSON: one image, several, data URLs', async () => {
    const one = await answerOf(await postJson({ image: base64(images[2]!) }));
    expectClasses(one.results[0]!, expected[2]!);
    const body = { images: [base64(images[1]!), `data:image/jpeg;base64,${base64(images[0]!)}`], top: 1 };
    const several = await answerOf(await postJson(body));
    expectClasses(several.results[0]!, expected[1]!.slice(0, 1));
    expectClasses(several.results[1]!, expected[0]!.slice(0, 1));
  });

  it('limits the number of classes by the query', async () => {
    const { results } = await answerOf(await post(images[0]!, 'image/jpeg', '/classify?top=1'));
    expectClasses(results[0]!, expected[0]!.slice(0, 1));
  });

  it('gives each request its own answer when many are classified together', async () => {
    const answers = await Promise.all(
      Array.from({ length: 18 }, async (_, index) => answerOf(await post(images[index % 3]!, 'image/jpeg'))),
    );
    for (const [index, { results }] of answers.entries()) expectClasses(results[0]!, expected[index % 3]!);
  });

  it('answers the usable images of a request', async () => {
    const body = form([
      ['image', new Blob(['no image']), 'text.jpg'],
      ['image', new Blob([images[0]!]), 'photo.jpg'],
    ]);
    const { results } = await answerOf(await post(body));
    expect(results[0]).toEqual({
      name: 'text.jpg',
      error: expect.stringMatching(/^not an? /),
      code: 'unusable_image',
    });
    expectClasses(results[1]!, expected[0]!);
  });
});

describe('an error', () => {
  const large = async () => new Uint8Array(await sharp(images[0]!).resize(200, 200).png().toBuffer());
  const jpeg = 'image/jpeg';
  it.each([
    ['text', 400, 'bad_request', () => post('{', 'application/json'), /^Expected JSON in UTF-8/],
    ['bytes as JSON', 400, 'bad_request', () => post(images[0]!, 'application/json'), /^Expected JSON in UTF-8/],
    ['another JSON', 400, 'bad_request', () => postJson([]), /JSON body is not as expected: expected an object/],
    ['an unknown key', 400, 'bad_request', () => postJson({ url: 'x' }), /url: unknown key/],
    ['no image in JSON', 400, 'bad_request', () => postJson({}), /expected either image or images/],
    [
      'an address',
      400,
      'bad_request',
      () => postJson({ image: 'https://example.org/a.jpg' }),
      /^image: expected .* base64/,
    ],
    ['bad base64', 400, 'bad_request', () => postJson({ images: ['AAAA', 'A=A='] }), /^images\.1: .* received "A=A="/],
    ['top 0', 400, 'bad_request', () => postJson({ image: 'AAAA', top: 0 }), /top: expected .* \(received 0\)/],
    ['top x', 400, 'bad_request', () => post(images[0]!, jpeg, '/classify?top=x'), /top to be a whole number .* "x"/],
    ['an empty body', 400, 'bad_request', () => post('', jpeg), /received an empty body/],
    ['a form of no file', 400, 'bad_request', () => post(form([['top', '1']])), /at least one file .* received none/],
    ['a text as image', 400, 'bad_request', () => post(form([['image', 'x']])), /received the text field "image"/],
    ['no boundary', 400, 'bad_request', () => post('--x', 'multipart/form-data'), /^Expected a form .* boundary/],
    ['another form', 400, 'bad_request', () => post('no', 'multipart/form-data; boundary=x'), /^Expected a form/],
    [
      'no type',
      415,
      'unsupported_type',
      () => post(images[0]!),
      /Content-Type to be one of image\/\*,.* received none/,
    ],
    ['text/html', 415, 'unsupported_type', () => post('<html>', 'text/html'), /received "text\/html"/],
    ['a long body', 413, 'too_large', () => post(new Uint8Array(200_001), jpeg), /at most 200000 bytes, received/],
    ['no picture', 422, 'unusable_image', () => post('<html>', jpeg), /^The image cannot be used: not an? /],
    [
      'many pixels',
      422,
      'unusable_image',
      async () => post(await large(), jpeg),
      /200 × 200 pixels, expected at most 20000/,
    ],
    ['no picture twice', 422, 'unusable_image', () => postJson({ images: ['AAAA', 'AAAA'] }), /None of the 2 images/],
    [
      '21 images',
      413,
      'too_large',
      () => postJson({ images: Array(21).fill('AAAA') }),
      /at most 20 images, received 21/,
    ],
    ['GET', 405, 'method_not_allowed', () => app.request('/classify'), /Expected POST, received GET/],
    ['another path', 404, 'not_found', () => app.request('/nowhere'), /no GET \/nowhere/],
  ] as const)('50: says what was expected of %s', async (_, status, code, send, message) => {
    const response = await send();
    const body = (await response.json()) as { error: string; code: string };
    expect({ status: response.status, ...body }).toEqual({ status, code, error: expect.stringMatching(message) });
    expect(response.headers.get('Content-Type')).toMatch(/^application\/json/);
  });

  it('names the types that are accepted, and the method', async () => {
    expect((await post('x', 'text/plain')).headers.get('Accept-Post')).toContain('image/*');
    expect((await app.request('/classify')).headers.get('Allow')).toBe('POST');
  });
});

describe('back-pressure', () => {
  it('refuses images beyond the limit with Retry-After, and takes them afterwards', async () => {
    const responses = await Promise.all(Array.from({ length: 40 }, () => post(images[0]!, 'image/jpeg')));
    const statuses = responses.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect(statuses.filter((status) => status === 200)).toHaveLength(20);
    const refused = responses.find(({ status }) => status === 429)!;
    expect(refused.headers.get('Retry-After')).toBe('1');
    expect(await refused.json()).toMatchObject({ code: 'busy' });
    expect(service.pendingCount).toBe(0);
    await answerOf(await post(images[0]!, 'image/jpeg'));
  });

  it('refuses bodies beyond the memory for all, and stops a body that grows beyond its limit', async () => {
    /** A body of chunks, whose end waits for `release`. */
    const slow = (chunkCount: number) => {
      let sentCount = 0;
      let release = () => {};
      const end = new Promise<void>((resolve) => {
        release = resolve;
      });
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          if (sentCount < chunkCount) controller.enqueue(new Uint8Array(50_000));
          else {
            await end;
            controller.close();
          }
          sentCount += 1;
        },
      });
      const answer = app.request('/classify', {
        ...{ method: 'POST', body, duplex: 'half', headers: { 'Content-Type': 'image/jpeg' } },
      } as RequestInit);
      return { answer, release, sentCount: () => sentCount };
    };
    const endless = slow(1000);
    expect((await endless.answer).status).toBe(413);
    expect(endless.sentCount()).toBeLessThan(10);

    const [one, two, three] = [slow(3), slow(3), slow(3)];
    const first = await Promise.race([one.answer, two.answer, three.answer]);
    expect(first.status).toBe(429);
    for (const { release } of [one, two, three]) release();
    const statuses = (await Promise.all([one.answer, two.answer, three.answer])).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([422, 422, 429]);
  });

  it('drops the images of a client that has gone, and answers 503 when the time is over', async () => {
    const controller = new AbortController();
    const gone = app.request('/classify', {
      ...{ method: 'POST', body: images[0]!, headers: { 'Content-Type': 'image/jpeg' } },
      signal: controller.signal,
    });
    controller.abort();
    expect((await gone).status).toBe(499);

    const hasty = createServerApp(service, { limits: { answerTimeoutMs: 1 } });
    const body = JSON.stringify({ images: Array(20).fill(base64(images[2]!)) });
    const late = await hasty.request('/classify', {
      ...{ method: 'POST', body, headers: { 'Content-Type': 'application/json' } },
    });
    expect(late.status).toBe(503);
    expect(await late.json()).toMatchObject({ code: 'timeout', error: expect.stringContaining('within 1 ms') });
    // The threads finish what they have.
    while (service.pendingCount > 0) await new Promise((soon) => setImmediate(soon));
  });
});

describe('in another app', () => {
  it('answers below a path, with its errors and the files of its page', async () => {
    const other = new Hono().route('/pets', createServerApp(service));
    const ask = (body: Uint8Array<ArrayBuffer>, type: string) =>
      other.request('/pets/classify', { method: 'POST', body, headers: { 'Content-Type': type } });
    expectClasses((await answerOf(await ask(images[0]!, 'image/jpeg'))).results[0]!, expected[0]!);
    expect(await (await ask(images[0]!, 'text/html')).json()).toMatchObject({ code: 'unsupported_type' });
    const page = await (await other.request('/pets')).text();
    const files = [...page.matchAll(/(?:href|src)="(?!data:)(.*?)"/g)].map(
      ([, file]) => new URL(file!, 'http://localhost/pets'),
    );
    expect(files).toHaveLength(3);
    for (const file of files) expect((await other.request(file)).status).toBe(200);
  });
});

describe('access', () => {
  it('requires the token of everything but the state of health', async () => {
    const closed = createServerApp(service, { token: 'secret' });
    const ask = (path: string, authorization?: string) =>
      closed.request(path, {
        ...{ method: path === '/classify' ? 'POST' : 'GET', headers: { 'Content-Type': 'image/jpeg' } },
        ...(authorization === undefined
          ? {}
          : { headers: { 'Content-Type': 'image/jpeg', Authorization: authorization } }),
      });
    expect((await ask('/healthz')).status).toBe(200);
    for (const authorization of [undefined, 'Bearer secret2', 'Bearer', 'Basic secret', 'Bearer secret secret']) {
      const response = await ask('/classify', authorization);
      expect(response.status).toBe(401);
      expect(response.headers.get('WWW-Authenticate')).toMatch(/^Bearer/);
    }
    // The token is right, the body is not.
    expect((await ask('/classify', 'Bearer secret')).status).toBe(400);
    expect((await ask('/classify', 'bearer secret')).status).toBe(400);
  });

  it.each([
    ['http://localhost/healthz', undefined, 200],
    ['http://127.0.0.1:8000/healthz', 'http://localhost:5173', 200],
    ['http://[::1]/healthz', undefined, 200],
    ['http://evil.example/healthz', undefined, 403],
    ['http://127.0.0.1.evil.example/healthz', undefined, 403],
    ['http://localhost/healthz', 'https://evil.example', 403],
    ['http://localhost/healthz', 'null', 403],
  ])('on loopback answers %s from the page %s with %i', async (url, origin, status) => {
    const own = createServerApp(service, { ownHostOnly: true });
    expect((await own.request(url, { headers: origin === undefined ? {} : { Origin: origin } })).status).toBe(status);
  });
});

describe('openService', () => {
  it.each([
    ['a folder that is not there', 'nowhere', {}, /^Expected a bundle at .*nowhere.*SHA256SUMS: no such file/],
    ['no workers', 'pets', { workers: 0 }, /workers to be a whole number of at least 1, received 0/],
    ['a negative delay', 'pets', { batchDelayMs: -1 }, /batchDelayMs to be a whole number of at least 0, received -1/],
    ['another type of value', 'pets', { batchSize: 1.5 }, /batchSize to be a whole number/],
  ])('refuses %s', async (_, bundle, options, message) => {
    const opening = openService(join(parent, bundle), options);
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.toMatchObject({ name: 'ServerError' });
  });

  it('answers what it has received before it closes, and refuses the rest', async () => {
    const closing = await openService(join(parent, 'pets'), { workers: 1, student: true, batchDelayMs: 5 });
    const closingApp = createServerApp(closing);
    const ask = () =>
      closingApp.request('/classify', { method: 'POST', body: images[0]!, headers: { 'Content-Type': 'image/jpeg' } });
    const early = Array.from({ length: 30 }, ask);
    while (closing.pendingCount < 30) await new Promise((soon) => setImmediate(soon));
    const closed = closing.close();
    const late = await ask();
    expect(late.status).toBe(503);
    expect(late.headers.get('Connection')).toBe('close');
    expect((await closingApp.request('/healthz')).status).toBe(503);
    for (const response of await Promise.all(early)) expect(response.status).toBe(200);
    await closed;
  });
});
