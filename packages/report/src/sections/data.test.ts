import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { Pictures } from '../pictures.ts';
import { writeRunFolder } from '../run-folder.fixture.ts';
import { dataSection } from './data.ts';

it('lists a few copies of each picture, however many there are, so that the page stays small', async () => {
  const { folder, report } = await writeRunFolder();
  await rm(dirname(folder), { recursive: true });
  const paths = Array.from({ length: 1000 }, (_, index) => `train/cats/picture-${index}.jpg`);
  const duplicates = Array.from({ length: 100 }, () => ({ ...report.dataset.duplicates[0]!, paths }));
  const dataset = { ...report.dataset, duplicates };
  const { body } = await dataSection({ ...report, dataset, imbalance: null, stackers: [] }, null, new Pictures(null));
  expect(body.text).toContain('picture-9.jpg<br>and 990 more');
  expect(body.text.length).toBeLessThan(100_000);
});
