import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePng } from '@chorus/data';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ConfigError } from './errors.ts';
import { openExplanationFiles } from './explanation-files.ts';
import { type Explanation, readGradCam } from './report/grad-cam-schema.ts';

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
  await files.write([explanation]);
  await files.write([explanation]);
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

it('leaves nothing behind if it is discarded', async () => {
  const out = join(parent, 'stopped');
  const files = await openExplanationFiles(out);
  await files.write([explanation]);
  await files.discard();
  expect((await readdir(parent)).filter((name) => name.startsWith('.') || name === 'stopped')).toEqual([]);
});

it('refuses a folder that exists', async () => {
  await mkdir(join(parent, 'there'));
  await expect(openExplanationFiles(join(parent, 'there'))).rejects.toThrow(ConfigError);
});
