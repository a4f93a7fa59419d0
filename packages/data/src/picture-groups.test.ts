import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImages } from './decode.ts';
import { scanImageFolder } from './image-folder.ts';
import { photo } from './picture.fixture.ts';
import { findPictureGroups } from './picture-groups.ts';
import { createPixelStore, PixelStore, type PixelStoreHandle } from './pixel-store.ts';

const photographs = fileURLToPath(new URL('../../../../shared/data/cats-vs-dogs/', import.meta.url));
const decoding = { background: 'white', resize: 'pillow', maxPixels: 1e8, timeoutMs: 60_000 } as const;

/** The paths of each group of the pictures, after encoding to files and decoding. */
async function groupsOf(pictures: Record<string, Sharp>, size = 96): Promise<{ kind: string; paths: string[] }[]> {
  const folder = await mkdtemp(join(tmpdir(), 'chorus-pictures-'));
  try {
    const images: { path: string; relativePath: string }[] = [];
    for (const [name, picture] of Object.entries(pictures)) {
      const path = join(folder, name);
      await writeFile(path, await picture.clone().toBuffer());
      images.push({ path, relativePath: name });
    }
    const pixels = createPixelStore(images.length, size);
    const decoded = await decodeImages(images, [pixels], decoding);
    const { groups, isComplete } = await findPictureGroups(images, pixels, decoded.sha256);
    expect(isComplete).toBe(true);
    return groups.map(({ kind, members }) => ({ kind, paths: members.map((index) => images[index]!.relativePath) }));
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('findPictureGroups', () => {
  it('groups equal bytes, and re-encoded or resized copies', async () => {
    const [one, other] = [await photo(1), await photo(2)];
    expect(
      await groupsOf({
        'a1.jpg': one.clone().jpeg({ quality: 90 }),
        'a2.png': one.clone().png(),
        'a3.jpg': one.clone().resize(240).jpeg({ quality: 40 }),
        'b1.webp': one.clone().webp({ quality: 50 }),
        'b2.jpg': one.clone().resize(1440).jpeg(),
        'b3.png': other.clone().png(),
        'b4.png': other.clone().png(),
        'b5.jpg': (await photo(3)).jpeg(),
      }),
    ).toEqual([
      { kind: 'near', paths: ['a1.jpg', 'a2.png', 'a3.jpg', 'b1.webp', 'b2.jpg'] },
      { kind: 'exact', paths: ['b3.png', 'b4.png'] },
    ]);
  });

  it.each<[string, (picture: Sharp) => Sharp]>([
    ['moved by 4 pixels', (picture) => picture.extract({ left: 4, top: 0, width: 716, height: 540 })],
    ['cropped by 2 %', (picture) => picture.extract({ left: 14, top: 11, width: 691, height: 518 })],
    ['a tenth brighter', (picture) => picture.linear(1.1, 0)],
    ['mirrored', (picture) => picture.flop()],
    ['upside down', (picture) => picture.flip()],
    ['without colors', (picture) => picture.grayscale()],
  ])('does not group a picture with a copy %s', async (name, change) => {
    // A shifted frame lacks the border on the opposite side.
    const picture = await photo(4);
    const first = name.startsWith('moved')
      ? picture.clone().extract({ left: 0, top: 0, width: 716, height: 540 })
      : picture;
    expect(await groupsOf({ 'a.jpg': first.clone().jpeg(), 'b.jpg': change(picture.clone()).jpeg() })).toEqual([]);
  });

  it('does not group two frames in which only the subject moved', async () => {
    const picture = await photo(5);
    const subject = await picture.clone().extract({ left: 200, top: 150, width: 160, height: 160 }).png().toBuffer();
    const at = (left: number) =>
      picture
        .clone()
        .composite([{ input: subject, left, top: 200 }])
        .jpeg();
    expect(await groupsOf({ 'a.jpg': at(330), 'b.jpg': at(346) })).toEqual([]);
  });

  it('does not chain a burst of similar frames into one group', async () => {
    const picture = await photo(6);
    const frames = Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [
        `${String(index).padStart(2, '0')}.jpg`,
        picture.clone().extract({ left: index, top: 0, width: 700, height: 540 }).jpeg({ quality: 95 }),
      ]),
    );
    // Frames one pixel apart cannot be distinguished from copies; frames ten pixels apart can.
    for (const { paths } of await groupsOf(frames)) {
      const shifts = paths.map((path) => Number.parseInt(path, 10));
      expect(Math.max(...shifts) - Math.min(...shifts)).toBeLessThanOrEqual(6);
    }
  });

  it('groups pictures without structure only where their pixels are nearly equal', async () => {
    const plain = (level: number) =>
      sharp({ create: { width: 300, height: 200, channels: 3, background: { r: level, g: level, b: 100 } } });
    expect(
      await groupsOf({
        'a.png': plain(200).png(),
        'b.jpg': plain(200).jpeg(),
        'c.png': plain(204).png(),
        'd.png': plain(30).png(),
        'e.png': plain(0).png(),
        'f.png': plain(255).png(),
      }),
    ).toEqual([{ kind: 'near', paths: ['a.png', 'b.jpg'] }]);
  });

  it('works on images of 32 pixels', async () => {
    const picture = await photo(7);
    expect(
      await groupsOf(
        {
          'a.png': picture.clone().png(),
          'b.jpg': picture.clone().resize(300).jpeg(),
          'c.png': (await photo(8)).png(),
        },
        32,
      ),
    ).toEqual([{ kind: 'near', paths: ['a.png', 'b.jpg'] }]);
  });
});

/** Stores of random squares, some of them copies; hashes replace the hashes of their bytes. */
const anyImages = fc
  .array(fc.record({ picture: fc.nat(5), isLost: fc.boolean() }), { minLength: 1, maxLength: 12 })
  .map((list) => list.map((one, index) => ({ ...one, relativePath: `${(index * 7) % 13}.jpg` })));

function storeOf(images: readonly { picture: number; isLost: boolean }[]): PixelStoreHandle {
  const handle = createPixelStore(images.length, 64);
  const store = new PixelStore(handle);
  for (const [index, { picture, isLost }] of images.entries()) if (!isLost) store.publish(index, squareOf(picture));
  return handle;
}

function squareOf(picture: number): Uint8Array {
  const random = xoroshiro128plus(picture);
  const blocks = Uint8Array.from({ length: 8 * 8 * 3 }, () => random.next() & 255);
  return Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => {
    const [x, y] = [Math.floor(at / 3) % 64, Math.floor(at / 192)];
    return blocks[((y >> 3) * 8 + (x >> 3)) * 3 + (at % 3)]!;
  });
}

describe('findPictureGroups in any order', () => {
  it('returns the same disjoint groups of decoded images in any order', async () => {
    await fc.assert(
      fc.asyncProperty(anyImages, fc.nat(), async (images, turn) => {
        const hashes = (some: typeof images) => some.map(({ isLost, picture }) => (isLost ? null : String(picture)));
        const { groups } = await findPictureGroups(images, storeOf(images), hashes(images));
        const paths = groups.map(({ members }) => members.map((index) => images[index]!.relativePath));
        for (const { members } of groups) {
          expect(new Set(members.map((index) => images[index]!.picture)).size).toBe(1);
          expect(members.some((index) => images[index]!.isLost)).toBe(false);
        }
        const counts = new Array<number>(6).fill(0);
        for (const { picture, isLost } of images) if (!isLost) counts[picture]! += 1;
        expect(groups.map(({ members }) => members.length).toSorted()).toEqual(
          counts.filter((count) => count > 1).toSorted(),
        );
        const turned = images.map((_, index) => images[(index + turn) % images.length]!);
        const again = await findPictureGroups(turned, storeOf(turned), hashes(turned));
        expect(again.groups.map(({ members }) => members.map((index) => turned[index]!.relativePath))).toEqual(paths);
      }),
    );
  });

  it('yields to the event loop and stops on abort', async () => {
    // A few pictures repeated as if their bytes differed: each is hashed and compared.
    const images = Array.from({ length: 3000 }, (_, index) => ({
      picture: index % 50,
      isLost: false,
      relativePath: `${index}`,
    }));
    const pixels = storeOf(images);
    const hashes = images.map(({ relativePath }) => relativePath);
    let turns = 0;
    let isDone = false;
    let [longestMs, lastMs] = [0, performance.now()];
    const turn = () => {
      turns += 1;
      longestMs = Math.max(longestMs, performance.now() - lastMs);
      lastMs = performance.now();
      if (!isDone) setImmediate(turn);
    };
    setImmediate(turn);
    const progress: number[] = [];
    const onProgress = (done: number) => void progress.push(done);
    const { groups } = await findPictureGroups(images, pixels, hashes, { onProgress });
    isDone = true;
    expect(groups).toHaveLength(50);
    expect(turns).toBeGreaterThan(2);
    expect(progress.at(-1)).toBe(3000);
    expect(progress.length).toBeGreaterThan(2);
    // Slices take 25 ms; the rest allows for a busy machine.
    expect(longestMs).toBeLessThan(1000);
    const controller = new AbortController();
    const stopped = findPictureGroups(images, pixels, hashes, { signal: controller.signal });
    controller.abort(new Error('stop'));
    await expect(stopped).rejects.toThrow('stop');
  });
});

describe.skipIf(!existsSync(photographs))('findPictureGroups on photographs (needs ../shared)', () => {
  it('finds the one duplicate among 3,000 photographs', { timeout: 120_000 }, async () => {
    const { images } = await scanImageFolder(photographs);
    const pixels = createPixelStore(images.length, 96);
    const { sha256: hashes } = await decodeImages(images, [pixels], decoding);
    const { groups, isComplete } = await findPictureGroups(images, pixels, hashes);
    const paths = groups.map(({ members }) => members.map((index) => images[index]!.relativePath));
    expect(paths).toEqual([['train/dogs/dog.180.jpg', 'train/dogs/dog.74.jpg']]);
    expect(isComplete).toBe(true);
  });
});
