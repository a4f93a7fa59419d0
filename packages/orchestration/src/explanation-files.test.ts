import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePng } from '@chorus/data';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ConfigError } from './errors.ts';
import { openExplanationFiles } from './explanation-files.ts';
import { type Explanation, readGradCam } from './report/grad-cam-schema.ts';

const limits = { maxPixels: 1000, timeoutMs: 10_000 };
let parent: string;
let explanation: Explanation;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-explanations-'));
  const path = join(parent, 'ä cat.png');
  await writeFile(path, await encodePng(new Uint8Array(24 * 16 * 3).fill(90), { width: 24, height: 16 }));
  const map = { height: 1, width: 2, values: Float32Array.of(1, 0.25) };
  // A bundle may come from anywhere.
  explanation = { path, class: 'cats', maps: { ensemble: map, members: [{ name: '../../slim', map }] } };
});
afterAll(() => rm(parent, { recursive: true, force: true }));

it('writes pictures and numbers of each image, all at once', async () => {
  const out = join(parent, 'maps');
  const files = await openExplanationFiles(out);
  expect(await files.write([explanation], limits)).toEqual([]);
  // The numbers are not kept in memory until the end.
  const [temporary] = (await readdir(parent)).filter((name) => name.startsWith('.'));
  expect(await readFile(join(parent, temporary!, 'grad-cam.json'), 'utf8')).toContain('[[1,0.25]]');
  expect(await files.write([explanation], limits)).toEqual([]);
  await expect(readdir(out)).rejects.toThrow('ENOENT');
  await files.publish();
  await files.discard();
  const folders = ['00001-__cat.png', '00002-__cat.png'];
  expect((await readdir(out)).toSorted()).toEqual([...folders, 'grad-cam.json']);
  for (const folder of folders)
    expect((await readdir(join(out, folder))).toSorted()).toEqual(['0-ensemble.webp', '1-.._.._slim.webp']);
  const { images } = await readGradCam(join(out, 'grad-cam.json'));
  expect(images).toHaveLength(2);
  expect(images[0]).toMatchObject({ path: explanation.path, class: 'cats', ensemble: [[1, 0.25]] });
  expect((await readdir(parent)).filter((name) => name.startsWith('.'))).toEqual([]);
});

it('keeps the numbers of images that cannot be drawn, and names these', async () => {
  const out = join(parent, 'gone');
  const files = await openExplanationFiles(out);
  const gone = join(parent, 'gone.png');
  const [one] = await files.write([{ ...explanation, path: gone }, explanation], limits);
  expect(one).toEqual({ path: gone, reason: expect.stringContaining('cannot be read: ') });
  const [large] = await files.write([explanation], { ...limits, maxPixels: 24 * 16 - 1 });
  expect(large).toEqual({ path: explanation.path, reason: expect.stringContaining('expected at most 383') });
  await files.publish();
  await files.discard();
  expect((await readdir(out)).toSorted()).toEqual(['00002-__cat.png', 'grad-cam.json']);
  const { images } = await readGradCam(join(out, 'grad-cam.json'));
  expect(images.map(({ path }) => path)).toEqual([gone, explanation.path, explanation.path]);
});

it('publishes a list without images', async () => {
  const out = join(parent, 'none');
  const files = await openExplanationFiles(out);
  await files.publish();
  await files.discard();
  expect(await readGradCam(join(out, 'grad-cam.json'))).toEqual({ schemaVersion: 1, images: [] });
});

it('leaves nothing behind if it is discarded', async () => {
  const out = join(parent, 'stopped');
  const files = await openExplanationFiles(out);
  await files.write([explanation], limits);
  await files.discard();
  expect((await readdir(parent)).filter((name) => name.startsWith('.') || name === 'stopped')).toEqual([]);
});

it('refuses a folder that exists', async () => {
  await mkdir(join(parent, 'there'));
  await expect(openExplanationFiles(join(parent, 'there'))).rejects.toThrow(ConfigError);
});
