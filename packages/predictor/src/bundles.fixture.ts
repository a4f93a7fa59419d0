/** Small bundles, images and a server for them; the programs of the docs. */

import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import sharp from 'sharp';
import { writeLivelyBundle } from '../../orchestration/src/export/lively-bundle.fixture.ts';

const slim = { family: 'mobilenet', alpha: 0.25 } as const;

/** With folds, members of two sizes, mirror images of an enlarged part, a calibration and a student. */
export async function writePets(folder: string): Promise<void> {
  const members = [
    { name: 'one', backbone: { ...slim, inputSize: 32 }, modelCount: 2 },
    { name: 'two', backbone: { ...slim, inputSize: 47 } },
  ];
  await writeLivelyBundle(folder, members, {
    ...{ classes: ['cats', 'dogs'], testTimeAugmentation: 'zoom', chosen: 'logistic', resize: 'pillow' },
    calibration: { kind: 'temperature', temperature: 1.5 },
    student: { ...slim, inputSize: 40 },
  });
}

/** With a stacker that reads features, and three classes. */
export async function writeFruit(folder: string): Promise<void> {
  const members = [
    { name: 'one', backbone: { ...slim, inputSize: 32 } },
    { name: 'two', backbone: { ...slim, inputSize: 47 } },
  ];
  await writeLivelyBundle(folder, members, {
    ...{ classes: ['apples', 'pears', 'plums'], testTimeAugmentation: false, chosen: 'features', resize: 'pillow' },
  });
}

/** Pixels [height, width, 4] that vary smoothly, opaque. */
export function smoothPixels(
  width: number,
  height: number,
  seed: number,
): { data: Uint8ClampedArray; width: number; height: number } {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let y = 0, at = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1)
      for (let channel = 0; channel < 4; channel += 1, at += 1)
        data[at] =
          channel === 3
            ? 255
            : 128 + 90 * Math.sin(seed + channel + x / (9 + seed)) + 37 * Math.cos(seed * channel + y / 7);
  return { data, width, height };
}

/** A file of {@link smoothPixels}. */
export async function smoothFile(
  format: 'png' | 'jpeg',
  seed: number,
  orientation?: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { data, width, height } = smoothPixels(120, 90, seed);
  const image = sharp(data, { raw: { width, height, channels: 4 } }).removeAlpha();
  if (orientation !== undefined) image.withMetadata({ orientation });
  return new Uint8Array(await (format === 'png' ? image.png() : image.jpeg({ quality: 90 })).toBuffer());
}

/** Writes a folder of three image files. */
export async function writePhotos(folder: string): Promise<void> {
  await mkdir(folder);
  for (const seed of [1, 2, 3]) await writeFile(join(folder, `${seed}.png`), await smoothFile('png', seed));
}

export interface FileServer {
  url: string;
  /** Paths that were asked for, in order. */
  requests: string[];
  /** The body of the next POST request. */
  nextPost(): Promise<string>;
  close(): Promise<void>;
}

/** Serves folders, by the first part of the path, and pages, by their path. */
export async function serveFiles(
  folders: Readonly<Record<string, string>>,
  pages: Readonly<Record<string, string>> = {},
): Promise<FileServer> {
  const requests: string[] = [];
  const types: Record<string, string> = {
    ...{
      '.css': 'text/css',
      '.js': 'text/javascript',
      '.mjs': 'text/javascript',
      '.html': 'text/html',
      '.wasm': 'application/wasm',
      '.png': 'image/png',
      '.svg': 'image/svg+xml',
      '': 'text/html',
    },
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    requests.push(pathname);
    if (request.method === 'POST') {
      text(request).then((body) => {
        response.end();
        server.emit('posted', body);
      });
      return;
    }
    response.setHeader('Content-Type', types[extname(pathname)] ?? 'application/octet-stream');
    const page = pages[pathname];
    if (page !== undefined) return void response.end(page);
    const [, first = '', ...rest] = pathname.split('/');
    const folder = folders[first];
    if (folder === undefined) return void response.writeHead(404).end();
    createReadStream(join(folder, ...rest))
      .on('error', () => void response.writeHead(404).end())
      .pipe(response);
  });
  await new Promise<void>((listening) => server.listen(0, 'localhost', listening));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    requests,
    nextPost: async () => (await once(server, 'posted'))[0],
    close: () => {
      server.closeAllConnections();
      return new Promise((closed) => server.close(() => closed()));
    },
  };
}

/** The first block of code in a language of docs/predictor.md. */
export async function documentedBlock(language: 'js' | 'html'): Promise<string> {
  const text = await readFile(new URL('../../../docs/predictor.md', import.meta.url), 'utf8');
  const [, block] = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'ms').exec(text) ?? [];
  if (block === undefined) throw new Error(`no block of ${language} in docs/predictor.md`);
  return block;
}
