import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StorageError } from '@chorus/storage';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ensureCatsAndDogs } from './cats-and-dogs.ts';
import { scanImageFolder } from './image-folder.ts';

const photographs = join(import.meta.dirname, '../../../../shared/data/cats-vs-dogs');
const hasPhotographs = existsSync(photographs);

let folder: string;
let archive: string;
let server: Server;
let requestCount: number;
let url: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-cats-'));
  archive = join(folder, 'archive.zip');
  requestCount = 0;
  server = createServer(async (_, response) => {
    requestCount += 1;
    const bytes = await readFile(archive);
    response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/cats_and_dogs_filtered.zip`;
  vi.stubEnv('CHORUS_CACHE', join(folder, 'cache'));
  vi.stubEnv('NO_PROXY', '127.0.0.1');
  vi.stubEnv('no_proxy', '127.0.0.1');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** The archive in its publisher's layout, with one JPEG repeated or with a folder of photographs. */
async function writeArchive({ cats = 1000, jpeg = true, from = '' } = {}): Promise<void> {
  const image = join(folder, 'image');
  const pixels = { create: { width: 8, height: 8, channels: 3, background: '#777' } } as const;
  await writeFile(image, jpeg ? await sharp(pixels).jpeg().toBuffer() : 'GIF89a');
  const script = `import sys, zipfile, os
target, image, cats, source = sys.argv[1], open(sys.argv[2], 'rb').read(), int(sys.argv[3]), sys.argv[4]
with zipfile.ZipFile(target, 'w') as archive:
    put = lambda name, content: archive.writestr('cats_and_dogs_filtered/' + name, content)
    put('vectorize.py', 'import this')
    put('train/cats/.DS_Store', 'junk')
    archive.writestr('__MACOSX/cats_and_dogs_filtered/train/cats/._cat.0.jpg', 'junk')
    for split, count in ('train', 1000), ('validation', 500):
        for kind in 'cats', 'dogs':
            place = f'{split}/{kind}'
            if source:
                for name in sorted(os.listdir(f'{source}/{place}')):
                    put(f'{place}/{name}', open(f'{source}/{place}/{name}', 'rb').read())
            else:
                for index in range(cats if place == 'train/cats' else count):
                    put(f'{place}/{kind[:3]}.{index}.jpg', image)`;
  execFileSync('python3', ['-c', script, archive, image, String(cats), from]);
}

async function ensure(): Promise<string> {
  return ensureCatsAndDogs({ source: { url, bytes: (await stat(archive)).size }, allowLoopbackHttp: true });
}

describe('ensureCatsAndDogs', () => {
  it('downloads and unpacks only the photographs, unchanged, once for concurrent calls', async () => {
    await writeArchive({ from: hasPhotographs ? photographs : '' });
    const [first, second] = await Promise.all([ensure(), ensure()]);
    expect(second).toBe(first);
    expect((await readdir(first)).toSorted()).toEqual(['train', 'validation']);
    expect(await readdir(join(first, 'train', 'cats'))).toHaveLength(1000);
    const place = join('train', 'dogs');
    const [name] = await readdir(join(first, place));
    const original = hasPhotographs ? join(photographs, place, name!) : join(folder, 'image');
    expect(await readFile(join(first, place, name!))).toEqual(await readFile(original));
    const scanned = await scanImageFolder(first);
    expect([scanned.name, scanned.classes, scanned.images.length, scanned.skipped]).toEqual([
      'cats-and-dogs',
      ['cats', 'dogs'],
      3000,
      [],
    ]);
    expect(requestCount).toBe(1);
    server.close();
    expect(await ensure()).toBe(first);
    // The archive remains after the folder is deleted.
    await rm(first, { recursive: true });
    expect(await ensure()).toBe(first);
    expect(requestCount).toBe(1);
  });

  it.each([
    ['missing photographs', { cats: 999 }, /Expected 1000 photographs in train\/cats, received 999/],
    ['surplus photographs', { cats: 1001 }, /Expected 1000 photographs in train\/cats, received 1001/],
    [
      'other content than photographs',
      { jpeg: false },
      /Expected a JPEG at train\/cats\/cat\.0\.jpg, received other content/,
    ],
  ])('rejects %s and stores nothing', async (_, content, message) => {
    await writeArchive(content);
    const attempt = ensure();
    await expect(attempt).rejects.toThrow(StorageError);
    await expect(attempt).rejects.toThrow(message);
    expect(requestCount).toBe(2);
    expect(await readdir(join(folder, 'cache', 'published-datasets'))).toEqual([]);
  });
});
