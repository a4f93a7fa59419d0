import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { decodeImages } from './decode.ts';
import { decodePixels, readHeader, shrunkSize } from './decode-pixels.ts';
import { segmentStarts } from './jpeg-damage.fixture.ts';
import { createPixelStore } from './pixel-store.ts';

const [width, height] = [120, 88];
const pixels = Buffer.from(
  Array.from({ length: width * height * 3 }, (_, index) => {
    const [x, y, channel] = [Math.floor(index / 3) % width, Math.floor(index / 3 / width), index % 3];
    return 128 + 60 * Math.sin(x / 5 + channel) + 50 * Math.cos(y / 7) + ((x * y * 7) % 17);
  }),
);
const source = () => sharp(pixels, { raw: { width, height, channels: 3 } });
const plain = (options = {}) =>
  source()
    .jpeg({ mozjpeg: false, optimizeCoding: false, ...options })
    .toBuffer();

async function decode(bytes: Uint8Array): Promise<Uint8Array> {
  const header = await readHeader(bytes, 1e6);
  return (await decodePixels(header, { background: 'white', timeoutMs: 60_000 })).data;
}

/** 88 × 72 pixels, 4:4:4, a restart marker after every 4 MCUs, by Pillow 13.0.0 (`restart_marker_blocks=4`). */
const manyRestarts = `
/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACAWGBwYFCAcGhwkIiAmMFA0MCwsMGJGSjpQdGZ6eHJmcG6AkLicgIiuim5woNqirr7EztDOfJri8uDI8LjK
zsb/2wBDASIkJDAqMF40NF7GhHCExsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsb/wAARCABIAFgDAREAAhEB
AxEB/8QAGQAAAwEBAQAAAAAAAAAAAAAAAwQFAgAB/8QAHxAAAgMBAQADAQEAAAAAAAAAAAECAxEhMQQSE2FB/8QAGQEAAwEBAQAAAAAAAAAAAAAAAgME
AQUA/8QAHBEAAwEBAQEBAQAAAAAAAAAAAAECEQMSEyEx/90ABAAE/9oADAMBAAIRAxEAPwCjTFJG1Wm+gs2kgPOg0xK+zDfkLEbLOnnyKeaP/9Bb7aKc
YdOP4clpm4eugtcOhfQ5/Sx6iOHvqT+j/9GtGSSFqtPSButSQ6Z01om329HrmeSKUZ4jmqxMs//Scuuxem83oOE6+7X6WROgi331huEOh4FrjpNcFSs/
/9PyNYu5HdOgSMcJ2mc++gaMsA1gy9PZXYvRkMshH//U8vv/AKHzY3BKdmstli3+FKVuI4SQnmhW64q5so8n/9WZObbK4sykaqWsd7QKeFCisTVJhext
V4ielojpZ//WYmsAfM5bf6AlPBb5DuaAWWmKMOlzQrZNsfLwZSP/15a1sfPTAbY/ORM+Q7lArZrPKcHufwEoNsL1hLZ//9Bb49XTH1ElOmGIH6ng0uIO
a0XUil0yiVonwf/RBOfSv5iOUAnrFVzOhEmXW2Jc4es3Cnop1hB0Z//SB6WOS2Jw78tE1Jtmo0d8JrRD0Y1TVhLbYg//06EViOb6ZkzoK6eIo50E+Yhd
Z06HOgfmL7rKlQ6Iw//UDXXpdTRclgxGj+E1IR0YSNOf4TXJz7YrVHS/2dlPD//VNCoe60q6UFVSQmlpz+lG0kie+YMnk54hD5l3NH//1uvsJJnC3yI2
T1lMvAGjVS1jfph5FGisx9QnR//XoRgkjfehdGdJJG5pHX9EPjxEPodP2OwWI1dCfpZ//9B+UkgpekdMDK1IZ40PmBstM+R0uYpbLQfkObP/0Z+azznB
92NUQ6It4K+hRpjiEOzfYZySQcWJt6f/0mLbsNh6S4eUwxHPocrDSliMlgU9FbbsK+dCWj//0wSv76UQxPNGP00esLo/Ds080j13huFfRNyQdOh//9Td
NeC+kES6DS4iOoHzWgbrcQUyEyddf30s5/gOH//VdSxCL5ksALp4ha5jfJNvs6OmcM8C32bY9Vg6JP/WSqTY36FCGoVhLqT9WHjWb7053RhorAKWgSf/
12pyxGPmI5yI/In6eXIf5J1jbYfnDMP/2Q==
`;

const stray = Buffer.from([0x11, 0x22, 0x33, 0x44, 0x55]);
const endMarker = Buffer.from([0xff, 0xd9]);

/** For a JPEG of one scan: the offset of its header, and the start and end of its data. */
function scanOf(jpeg: Buffer) {
  const at = jpeg.indexOf(Buffer.from([0xff, 0xda]));
  return { at, start: at + 2 + jpeg.readUInt16BE(at + 2), end: jpeg.lastIndexOf(endMarker) };
}

/** Sets the second half of the scan to zero. */
function zeroed(jpeg: Buffer): Buffer {
  const { start, end } = scanOf(jpeg);
  return Buffer.from(jpeg).fill(0, (start + end) >> 1, end);
}

function cut(jpeg: Buffer, share: number): Buffer {
  const { start, end } = scanOf(jpeg);
  return jpeg.subarray(0, start + Math.floor((end - start) * share));
}

function withStrayBytesBeforeScan(jpeg: Buffer): Buffer {
  const { at } = scanOf(jpeg);
  return Buffer.concat([jpeg.subarray(0, at), stray, jpeg.subarray(at)]);
}

/** Zero scan parameters, as old phones write them. */
function withZeroScanParameters(jpeg: Buffer): Buffer {
  return Buffer.from(jpeg).fill(0, scanOf(jpeg).start - 3, scanOf(jpeg).start);
}

/** With a header of JFIF revision 0.00, as in Kaggle's cats and dogs. */
function withRevisionZero(jpeg: Buffer): Buffer {
  const header = Buffer.from('\xff\xe0\0\x10JFIF\0\0\0\0\0\x01\0\x01\0\0', 'latin1');
  return Buffer.concat([jpeg.subarray(0, 2), header, jpeg.subarray(2)]);
}

let healthy: Buffer;
let healthyPixels: Uint8Array;
let progressive: Buffer;
/** With restart markers, which sharp does not write. */
let restarts: Buffer;
beforeAll(async () => {
  healthy = await plain();
  healthyPixels = await decode(healthy);
  progressive = await plain({ progressive: true });
  const golden = JSON.parse(
    await readFile(new URL('../../../tools/golden/jpeg-damage.json', import.meta.url), 'utf8'),
  ) as { flavors: { name: string; jpeg: string }[] };
  restarts = Buffer.from(golden.flavors.find(({ name }) => name === 'restart markers')!.jpeg, 'base64');
});

describe('a JPEG with lost pixels', () => {
  test.each<[string, () => Buffer]>([
    ['scan zeroed from its middle', () => zeroed(healthy)],
    ['the same, after stray bytes', () => withStrayBytesBeforeScan(zeroed(healthy))],
    ['the same, JFIF 0.00', () => withRevisionZero(zeroed(healthy))],
    ['the same, with restart markers', () => zeroed(restarts)],
    ['the same, zero scan parameters', () => withZeroScanParameters(zeroed(healthy))],
    [
      '30 % of the scan, an end marker, zero scan parameters',
      () => withZeroScanParameters(Buffer.concat([cut(healthy, 0.3), endMarker])),
    ],
    ['stray bytes, cut at 60 %', () => withStrayBytesBeforeScan(cut(healthy, 0.6))],
    ['cut before its last MCUs', () => Buffer.concat([cut(healthy, 0.99), endMarker])],
    [
      'part of the scan twice',
      () => {
        const { start, end } = scanOf(healthy);
        const middle = (start + end) >> 1;
        return Buffer.concat([healthy.subarray(0, middle), healthy.subarray(middle - 100)]);
      },
    ],
  ])('is rejected: %s', async (_, make) => {
    await expect(decode(make())).rejects.toThrow(
      /^damaged: (premature end of data|its data is corrupt|a restart marker)/,
    );
  });

  it('names the missing part, regardless of other irregularities', async () => {
    await expect(decode(withStrayBytesBeforeScan(cut(healthy, 0.6)))).rejects.toThrow(
      /^damaged: premature end of data at \d+ % of its height$/,
    );
  });

  it('is rejected when it ends between two scans, with and without an end marker', async () => {
    const scans = segmentStarts(progressive).filter((start) => progressive[start + 1] === 0xda);
    expect(scans.length).toBeGreaterThan(3);
    for (const start of scans)
      for (const end of [Buffer.alloc(0), endMarker])
        await expect(decode(Buffer.concat([progressive.subarray(0, start), end]))).rejects.toThrow(
          /^damaged: it (ends|has no)/,
        );
  });
});

describe('a JPEG with several restart intervals in each row of MCUs', () => {
  const jpeg = Buffer.from(manyRestarts, 'base64');
  const restarts = [...jpeg.keys()].filter((at) => jpeg[at] === 0xff && jpeg[at + 1]! >= 0xd0 && jpeg[at + 1]! <= 0xd7);
  const ends = [...restarts, jpeg.lastIndexOf(endMarker)];
  const starts = [scanOf(jpeg).start, ...restarts.map((at) => at + 2)];

  test.each<[string, number | undefined]>([
    ['full size', undefined],
    ['a quarter', 8],
    ['an eighth', 4],
  ])('is rejected if part of any interval is missing, and accepted if none is, at %s', async (_, square) => {
    const decodeAt = async (bytes: Uint8Array) => {
      const header = await readHeader(bytes, 1e6);
      const shrunk = square === undefined ? undefined : shrunkSize(header, square);
      await decodePixels(header, { background: 'white', timeoutMs: 60_000, shrunk });
    };
    await decodeAt(jpeg);
    expect(starts).toHaveLength(25);
    for (const [index, start] of starts.entries()) {
      const middle = (start + ends[index]!) >> 1;
      const damaged = Buffer.concat([jpeg.subarray(0, middle), jpeg.subarray(ends[index])]);
      await expect(decodeAt(damaged), `interval ${index + 1}`).rejects.toThrow(/^damaged: premature end of data at /);
    }
  });
});

describe('an irregular JPEG with all of its pixels', () => {
  test.each<[string, () => Buffer]>([
    ['stray bytes before its scan', () => withStrayBytesBeforeScan(healthy)],
    ['stray bytes before its end', () => Buffer.concat([healthy.subarray(0, -2), stray, endMarker])],
    ['fill bytes before its end', () => Buffer.concat([healthy.subarray(0, -2), Buffer.alloc(9, 0xff), endMarker])],
    ['zero scan parameters', () => withZeroScanParameters(healthy)],
    ['JFIF 0.00', () => withRevisionZero(healthy)],
    ['no end marker', () => healthy.subarray(0, -2)],
    ['bytes after its end', () => Buffer.concat([healthy, Buffer.alloc(5000, 0x5a)])],
    ['another picture after it', () => Buffer.concat([healthy, zeroed(healthy)])],
    ['another picture in place of its end marker', () => Buffer.concat([healthy.subarray(0, -2), healthy])],
    [
      'an Exif thumbnail with its own markers',
      () => {
        const content = Buffer.concat([Buffer.from('Exif\0\0'), zeroed(healthy)]);
        const head = Buffer.from([0xff, 0xe1, 0, 0]);
        head.writeUInt16BE(content.length + 2, 2);
        return Buffer.concat([healthy.subarray(0, 2), head, content, healthy.subarray(2)]);
      },
    ],
  ])('is accepted, with the same pixels: %s', async (_, make) => {
    expect(Buffer.compare(Buffer.from(await decode(make())), Buffer.from(healthyPixels))).toBe(0);
  });

  it('is accepted without its end marker: progressive', async () => {
    expect(await decode(progressive.subarray(0, -2))).toEqual(await decode(progressive));
  });
});

/** Missing in sharp's types. */
type HdrSharp = Sharp & { withGainMap(): Sharp };

describe('a JPEG with a gain map', () => {
  it('decodes to its base picture and follows the same rules', async () => {
    const file = await (source().jpeg() as HdrSharp).withGainMap().toBuffer();
    expect((await sharp(file).metadata()).gainMap).toBeDefined();
    const end = file.indexOf(endMarker) + 2;
    // The first picture alone is an ordinary JPEG.
    const ordinary = file.subarray(0, end);
    const expected = await sharp(ordinary).toColourspace('srgb').raw().toBuffer();
    expect(Buffer.compare(Buffer.from(await decode(file)), expected)).toBe(0);
    const { start } = scanOf(ordinary);
    const damaged = Buffer.from(file).fill(0, (start + end) >> 1, end - 2);
    await expect(decode(damaged)).rejects.toThrow(/^damaged: /);
    const lost = Buffer.concat([file.subarray(0, (start + end) >> 1), file.subarray(end - 2)]);
    await expect(decode(lost)).rejects.toThrow(/^damaged: /);
  });
});

describe('hostile JPEGs', () => {
  it('are rejected quickly: more scans than any encoder writes', async () => {
    const starts = segmentStarts(progressive);
    const last = starts.at(-2)!;
    const scan = progressive.subarray(last, -2);
    const many = Buffer.concat([progressive.subarray(0, -2), ...new Array<Buffer>(200).fill(scan), endMarker]);
    await expect(decode(many)).rejects.toThrow('damaged: more than 100 scans');
  });
});

describe('a folder of undamaged, irregular and damaged JPEGs', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-jpeg-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('has the same accepted images in 200 runs', async () => {
    const side = 16;
    const tiny = await source().resize(side).jpeg().toBuffer();
    const files = [
      tiny,
      withStrayBytesBeforeScan(tiny),
      zeroed(tiny),
      tiny,
      cut(tiny, 0.5),
      withStrayBytesBeforeScan(zeroed(tiny)),
    ];
    const images = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const path = join(folder, `${index}.jpg`);
        await writeFile(path, files[index % files.length]!);
        return { path, relativePath: `${index}` };
      }),
    );
    const outcomes = new Set<string>();
    for (let round = 0; round < 200; round += 1) {
      const { skipped, sha256 } = await decodeImages(images, [createPixelStore(images.length, 8)], {
        ...{ background: 'white', resize: 'antialiased', maxPixels: 1e6, timeoutMs: 60_000 },
        ...{ concurrency: 1 + (round % 16), maxSkippedShare: 1 },
      });
      outcomes.add(JSON.stringify([skipped, sha256]));
    }
    expect(outcomes.size).toBe(1);
    const [skipped] = JSON.parse([...outcomes][0]!) as [{ path: string }[]];
    expect(skipped.map(({ path }) => Number(path) % files.length)).toEqual(new Array(2).fill([2, 4, 5]).flat());
  }, 120_000);
});

const cases = new URL('../../../../shared/cases/', import.meta.url);
describe.skipIf(!existsSync(cases))('the files of ../shared/cases', () => {
  test.each([
    ['jpeg-damage-behind-first-warning', 'ok', null],
    ['jpeg-damage-behind-first-warning', 'base_zero', /^damaged: /],
    ['jpeg-damage-behind-first-warning', 'base_stray_zero', /^damaged: /],
    ['jpeg-damage-behind-first-warning', 'base_badsos_cut30_eoi', /^damaged: premature end/],
    ['jpeg-damage-behind-first-warning', 'rst_zero', /^damaged: /],
    ['jpeg-damage-behind-first-warning', 'base_stray_cut60', /^damaged: premature end/],
    ['jpeg-messages-mixed-up', 'base_stray', null],
    ['jpeg-messages-mixed-up', 'base_zero', /^damaged: /],
  ])('%s/%s.jpg', async (name, file, reason) => {
    const decoding = decode(await readFile(new URL(`${name}/${file}.jpg`, cases)));
    if (reason === null) await expect(decoding).resolves.toBeInstanceOf(Uint8Array);
    else await expect(decoding).rejects.toThrow(reason);
  });
});
