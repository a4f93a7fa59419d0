import { execFile, execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest';
import { decodeImage, decodeImages } from './decode.ts';
import {
  pngBytes,
  resizeAvifClaim,
  resizeGifClaim,
  resizeJpegClaim,
  resizeTiffClaim,
  resizeWebpClaim,
  withStrayBytes,
} from './image-bytes.fixture.ts';
import { createPixelStore, PixelStore } from './pixel-store.ts';

const options = { background: 'white', resize: 'antialiased', maxPixels: 1e8, timeoutMs: 10_000 } as const;
const decode = async (path: string) => (await decodeImage(path, [32], options))[0]!;
/** Tests may run as root, who may read everything; on Linux and macOS this user may read nothing. */
const nobody = 65534;

let folder: string;
const at = (name: string) => join(folder, name);

/** 64 × 64, red. */
const small = () => sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-faults-'));
  await chmod(folder, 0o755);
  await small().jpeg().toFile(at('good.jpg'));
  await small().png().toFile(at('good.png'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Decodes files in a separate process. */
async function decodeApart(paths: string[], user?: number): Promise<{ outcomes: string[]; maxRssBytes: number }> {
  const script = fileURLToPath(new URL('./decode.fixture.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify({ paths, user })]);
  return JSON.parse(stdout);
}

describe('a truncated image', () => {
  beforeAll(async () => {
    const width = 120;
    const noise = Buffer.from(Array.from({ length: width * 90 * 3 }, (_, index) => (index * index * 31 + index) % 251));
    const image = () => sharp(noise, { raw: { width, height: 90, channels: 3 } });
    const whole = {
      jpg: await image().jpeg().toBuffer(),
      'progressive.jpg': await image().jpeg({ progressive: true }).toBuffer(),
      png: await image().png().toBuffer(),
      webp: await image().webp().toBuffer(),
      gif: await image().gif().toBuffer(),
      tiff: await image().tiff().toBuffer(),
      avif: await image().avif().toBuffer(),
    };
    for (const [ending, bytes] of Object.entries(whole))
      for (const percent of [10, 50, 90])
        await writeFile(at(`cut-${percent}.${ending}`), bytes.subarray(0, (bytes.length * percent) / 100));
    // Like a recovered file: truncated, with an end marker appended.
    await writeFile(
      at('mended.jpg'),
      Buffer.concat([whole.jpg.subarray(0, whole.jpg.length / 2), whole.jpg.subarray(-2)]),
    );
    await writeFile(at('stray.jpg'), withStrayBytes(whole.jpg));
    await writeFile(at('whole.jpg'), whole.jpg);
  });

  const endings = ['jpg', 'progressive.jpg', 'png', 'webp', 'gif', 'tiff', 'avif'];
  test.each(endings.flatMap((ending) => [10, 50, 90].map((percent) => `cut-${percent}.${ending}`)))(
    '1: a truncated image is rejected: %s',
    async (name) => {
      await expect(decode(at(name))).rejects.toThrow(/^damaged: ./);
    },
  );

  it('1: a truncated image with an end marker appended is rejected, too', async () => {
    await expect(decode(at('mended.jpg'))).rejects.toThrow(/^damaged: .*premature end/i);
  });

  it('does not include an image with surplus bytes, which are ignored', async () => {
    expect(await decode(at('stray.jpg'))).toEqual(await decode(at('whole.jpg')));
  });
});

describe('a file that is not an image', () => {
  test.each([
    ['empty', '', /^not an image: the file is empty$/],
    ['text', 'This is a text.', /^not an image: its first bytes match none of/],
    ['two bytes of a JPEG', Buffer.from([0xff, 0xd8]), /^not an image/],
    ['a bitmap', `BM${'\0'.repeat(90)}`, /^not an accepted image: bmp; save it as JPEG or PNG$/],
  ])('2: a file that is not an image is rejected: %s', async (_, content, reason) => {
    await writeFile(at('no-image.jpg'), content);
    await expect(decode(at('no-image.jpg'))).rejects.toThrow(reason);
  });
});

describe('a file that declares a huge size', () => {
  /** Encoded files whose headers were changed to other sizes. */
  async function claims(width: number, height: number): Promise<Record<string, Buffer>> {
    const frames = Buffer.concat([Buffer.alloc(64 * 64 * 3), Buffer.alloc(64 * 64 * 3, 200)]);
    const animated = () => sharp(frames, { raw: { width: 64, height: 128, channels: 3, pageHeight: 64 } });
    return {
      jpeg: resizeJpegClaim(await small().jpeg().toBuffer(), width, height),
      'progressive jpeg': resizeJpegClaim(await small().jpeg({ progressive: true }).toBuffer(), width, height),
      png: pngBytes(width, height),
      'interlaced png': pngBytes(width, height, { interlaced: true }),
      gif: resizeGifClaim(await small().gif().toBuffer(), width, height),
      'animated gif': resizeGifClaim(
        await animated()
          .gif({ delay: [9, 9] })
          .toBuffer(),
        width,
        height,
      ),
      tiff: resizeTiffClaim(await small().tiff().toBuffer(), width, height),
      avif: resizeAvifClaim(await small().avif().toBuffer(), width, height),
    };
  }

  const write = async (prefix: string, files: Record<string, Buffer>) => {
    const paths = Object.keys(files).map((name) => at(`${prefix} ${name}`));
    await Promise.all(Object.values(files).map((bytes, index) => writeFile(paths[index]!, bytes)));
    return paths;
  };

  /** Far below the memory of 80 million pixels (240 MB), far above the variation between two runs of a process. */
  const marginBytes = 64e6;

  it.each<[string, () => Promise<Record<string, Buffer>>]>([
    [
      '3: PNG and other formats of 60,000 × 60,000',
      async () => ({
        ...(await claims(60_000, 60_000)),
        webp: resizeWebpClaim(await small().webp({ lossless: true }).toBuffer(), 16_000, 16_000),
      }),
    ],
    [
      '4: JPEG of 64,250 × 64,250',
      async () => ({ jpeg: resizeJpegClaim(await small().jpeg().toBuffer(), 64_250, 64_250) }),
    ],
  ])('%s are rejected by their headers without allocating memory', async (_, files) => {
    const paths = await write('bomb', await files());
    const plain = await decodeApart([at('good.jpg'), at('good.png')]);
    const bombs = await decodeApart([at('good.jpg'), at('good.png'), ...paths]);
    expect(bombs.outcomes.slice(0, 2)).toEqual(['decoded', 'decoded']);
    for (const [index, outcome] of bombs.outcomes.slice(2).entries())
      expect(`${paths[index]} ${outcome}`).toMatch(/too large: its header declares/);
    expect(bombs.maxRssBytes).toBeLessThan(plain.maxRssBytes + marginBytes);
  });

  it('is rejected without allocating memory if its size is allowed but its data is missing', async () => {
    const paths = await write('hollow', await claims(9000, 9000));
    const plain = await decodeApart([at('good.jpg'), at('good.png')]);
    const hollow = await decodeApart([at('good.jpg'), at('good.png'), ...paths]);
    for (const [index, outcome] of hollow.outcomes.slice(2).entries())
      expect(`${paths[index]} ${outcome}`).toMatch(/damaged: ./);
    expect(hollow.maxRssBytes).toBeLessThan(plain.maxRssBytes + marginBytes);
  });

  it('is rejected when it is larger than the caller allows', async () => {
    await expect(decodeImage(at('good.png'), [8], { ...options, maxPixels: 64 * 64 - 1 })).rejects.toThrow('too large');
    await expect(decodeImage(at('good.png'), [8], { ...options, maxPixels: 64 * 64 })).resolves.toHaveLength(1);
  });
});

describe('SVG', () => {
  test.each([
    ['with a link', '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'],
    ['after a prologue', '<?xml version="1.0"?>\n<!-- a drawing -->\n<svg width="9" height="9"></svg>'],
    ['with a huge text', `<svg width="9" height="9"><text>${'a'.repeat(20_000_000)}</text></svg>`],
  ])('6: SVG is not accepted: %s', async (_, content) => {
    await writeFile(at('drawing.jpg'), content);
    await expect(decode(at('drawing.jpg'))).rejects.toThrow('not an accepted image: svg');
  });
});

describe('a slow decode', () => {
  it('7: a slow decode is abandoned and skipped, and the others are decoded', async () => {
    const side = 5000;
    const lines = Buffer.alloc(side * (side * 3 + 8));
    await writeFile(at('slow.png'), pngBytes(side, side, { interlaced: true, lines }));
    const handle = createPixelStore(3, 8);
    const images = ['slow.png', 'slow.png', 'good.jpg'].map((name) => ({ path: at(name) }));
    const timeoutMs = 3_600_000;
    // The time of the decoder's limits passes once the small image is decoded.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let passing: NodeJS.Timeout | undefined;
    const onProgress = () => {
      passing ??= setInterval(() => vi.advanceTimersByTime(timeoutMs), 1);
    };
    const { skipped } = await decodeImages(images, [handle], {
      ...options,
      ...{ timeoutMs, maxSkippedShare: 1, onProgress },
    }).finally(() => {
      clearInterval(passing);
      vi.useRealTimers();
    });
    const reason = `took longer than ${timeoutMs} ms to decode`;
    expect(skipped).toMatchObject([
      { path: at('slow.png'), reason },
      { path: at('slow.png'), reason },
    ]);
    const store = new PixelStore(handle);
    expect([0, 1, 2].map((index) => store.isReady(index))).toEqual([false, false, true]);
    // The file is valid: it decodes with more time.
    await expect(decodeImage(at('slow.png'), [8], { ...options, timeoutMs: 3_600_000 })).resolves.toHaveLength(1);
  });
});

describe('an entry that cannot be opened', () => {
  beforeAll(async () => {
    execFileSync('mkfifo', [at('pipe.jpg')]);
    await symlink(at('nowhere'), at('broken.jpg'));
    await symlink(at('itself.jpg'), at('itself.jpg'));
    await symlink('/dev/zero', at('zero.jpg'));
    await mkdir(at('folder.jpg'));
    await writeFile(at('forbidden.jpg'), await readFile(at('good.jpg')));
    await chmod(at('forbidden.jpg'), 0);
  });

  test.each([
    ['pipe.jpg', 'a named pipe, not an image'],
    ['zero.jpg', 'a device, not an image'],
    ['folder.jpg', 'a folder, not an image'],
    ['broken.jpg', 'cannot be read: no such file or folder'],
    ['itself.jpg', 'cannot be read: too many symbolic links encountered'],
  ])('8: an entry that cannot be opened is rejected without blocking: %s', async (name, reason) => {
    await expect(decode(at(name))).rejects.toThrow(reason);
  });

  it('8: a file without read permission is rejected', async () => {
    const user = process.getuid!() === 0 ? nobody : undefined;
    const { outcomes } = await decodeApart([at('good.jpg'), at('forbidden.jpg')], user);
    expect(outcomes).toEqual(['decoded', 'cannot be read: permission denied']);
  });
});

describe('a file that changed since it was listed', () => {
  it('15: a file that changed since it was listed is skipped', async () => {
    await writeFile(at('listed.jpg'), await readFile(at('good.jpg')));
    const { size, mtimeMs } = await stat(at('listed.jpg'));
    const skippedOf = async () => {
      const images = [{ path: at('listed.jpg'), relativePath: 'listed.jpg', sizeBytes: size, mtimeMs }];
      return (await decodeImages(images, [createPixelStore(1, 8)], { ...options, maxSkippedShare: 1 })).skipped;
    };
    const changed = [{ path: 'listed.jpg', reason: 'changed since it was listed' }];
    expect(await skippedOf()).toEqual([]);
    await utimes(at('listed.jpg'), new Date(), new Date(mtimeMs + 5000));
    expect(await skippedOf()).toEqual(changed);
    await writeFile(at('listed.jpg'), await readFile(at('good.png')));
    await utimes(at('listed.jpg'), new Date(), new Date(mtimeMs));
    expect(await skippedOf()).toEqual(changed);
  });
});

describe('too many open files', () => {
  /** Decodes an image 40 times, at most 16 at a time, in a process that may open only a few more files. */
  async function decodeWithFew(parameters: { leave: number; release?: number }): Promise<unknown> {
    const script = fileURLToPath(new URL('./too-many-open-files.fixture.mjs', import.meta.url));
    const values = JSON.stringify({ path: at('good.jpg'), count: 40, ...parameters });
    const words = ['-c', 'ulimit -n 64; exec "$@"', 'bash', process.execPath, script, values];
    return JSON.parse((await promisify(execFile)('bash', words)).stdout);
  }

  it('33: lower the number of images decoded at a time, and no image is skipped', async () => {
    expect(await decodeWithFew({ leave: 3 })).toEqual({ skipped: [], isEqual: true });
  });

  it('33: are waited for when no image can be opened', async () => {
    expect(await decodeWithFew({ leave: 0, release: 300 })).toEqual({ skipped: [], isEqual: true });
  });

  it('33: are an error that says which limit to raise, when they stay open', async () => {
    expect(await decodeWithFew({ leave: 0 })).toEqual({
      name: 'StorageError',
      message: `Cannot open ${at('good.jpg')}: too many open files; raise the limit on open files (ulimit -n).`,
    });
  });
});
