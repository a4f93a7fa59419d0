import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StorageError } from '@chorus/storage';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { gradCamJsonSchema, gradCamOf, gradCamSchema, readGradCam } from './grad-cam-schema.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-grad-cam-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const map = (values: readonly number[]) => ({ height: 2, width: 3, values: Float32Array.from(values) });
const file = gradCamOf([
  {
    ...{ path: 'test/a/1.png', class: 'b' },
    maps: { ensemble: map([0, 0.12345, 1, 0, 0, 0.5]), members: [{ name: 'one', map: map([0, 0, 0, 0, 0, 0]) }] },
  },
]);

it('keeps rows of three decimals', () => {
  expect(file.images[0]!.ensemble).toEqual([
    [0, 0.123, 1],
    [0, 0, 0.5],
  ]);
  expect(gradCamSchema.parse(file)).toEqual(file);
});

it('reads what was written, and refuses other files', async () => {
  const path = join(folder, 'grad-cam.json');
  await writeFile(path, JSON.stringify(file));
  expect(await readGradCam(path)).toEqual(file);
  for (const wrong of [
    { ...file, schemaVersion: 2 },
    { ...file, images: [{ ...file.images[0], ensemble: [[2]] }] },
  ]) {
    await writeFile(path, JSON.stringify(wrong));
    await expect(readGradCam(path)).rejects.toThrow(StorageError);
  }
  await expect(readGradCam(join(folder, 'other.json'))).rejects.toThrow(StorageError);
});

it('has a committed JSON schema', async () => {
  const committed = JSON.parse(await readFile(new URL('../../grad-cam.schema.json', import.meta.url), 'utf8'));
  expect(committed).toEqual(gradCamJsonSchema());
});
