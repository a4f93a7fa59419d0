import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';

/** The first bytes of files, by format; a scan reads no further. */
export const heads = {
  jpeg: Buffer.from('\xff\xd8\xff\xe0\0\x10JFIF', 'latin1'),
  png: Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
  webp: Buffer.from('RIFF\x01\x02\x03\x04WEBPVP8 ', 'latin1'),
  bmp: Buffer.from('BM\x01\x02\x03\x04\0\0\0\0\x36', 'latin1'),
  ico: Buffer.from('\0\0\x01\0\x01\0', 'latin1'),
  svg: Buffer.from('<?xml version="1.0"?>\n<svg width="1">'),
  page: Buffer.from('<!doctype html><html><body><svg width="1"></svg>'),
  pdf: Buffer.from('%PDF-1.7'),
  zip: Buffer.from('PK\x03\x04\x14\0', 'latin1'),
  gzip: Buffer.from('\x1f\x8b\x08', 'latin1'),
  tar: Buffer.concat([Buffer.from('cats/1.jpg'), Buffer.alloc(247), Buffer.from('ustar\0')]),
  text: Buffer.from('BMW, Mini and others'),
  empty: Buffer.alloc(0),
} as const;

/** Creates a separate folder for each test of a file. */
export function temporaryRoot(): { readonly path: string; at(name: string): string; put: Put } {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'chorus-folder-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));
  return {
    get path() {
      return root;
    },
    at: (name) => join(root, name),
    async put(...entries) {
      for (const entry of entries) {
        const [name, content] = typeof entry === 'string' ? [entry, heads.empty] : entry;
        await mkdir(name.endsWith('/') ? join(root, name) : dirname(join(root, name)), { recursive: true });
        if (!name.endsWith('/')) await writeFile(join(root, name), content);
      }
    },
  };
}

/** Creates files, empty by default, and folders (names that end in `/`). */
type Put = (...entries: (string | [name: string, content: Uint8Array])[]) => Promise<void>;
