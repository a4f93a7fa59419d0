import { cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSealedFolder, sealFolder } from '@chorus/storage';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { evaluateBundle } from './evaluate.ts';
import type { ExperimentInput } from './experiment/schema.ts';
import { at, data, drawData, removeRuns, runtime, small } from './train.fixture.ts';
import { train } from './train.ts';

beforeAll(drawData);
afterAll(removeRuns);

it('trains members with two input sizes and decodes each image once for both, as does the bundle', async () => {
  const [wide, slim] = small().members! as [object, object];
  const decoded: [number, number][] = [];
  const { report } = await train(
    {
      ...small(),
      members: [wide, { ...slim, inputSize: 48 }] as ExperimentInput['members'],
      recipe: { batchSize: 64, whole: { epochCount: 1 } },
    },
    { out: at('two-sizes'), observer: { onDecode: (done, total) => decoded.push([done, total]) } },
  );
  expect(decoded).toEqual(decoded.map((_, index) => [index + 1, 74]));
  expect(decoded).toHaveLength(74);
  expect(report.dataset.inputSizes).toEqual([32, 48]);
  expect(report.members.map(({ inputSize }) => inputSize)).toEqual([32, 48]);
  const evaluation = await evaluateBundle(at('two-sizes/bundle'), data, { workers: 'cpu:0', runtime });
  expect(evaluation.members.map(({ test: score }) => score.correct)).toEqual(
    report.members.map(({ test: score }) => score!.correct),
  );
});

it('decodes large JPEGs with data.shrinkOnLoad in training and in the bundle', async () => {
  const folder = at('large');
  for (const split of ['train', 'validation'])
    for (const form of ['discs', 'stars']) {
      await mkdir(join(folder, split, form), { recursive: true });
      for (const name of (await readdir(join(data, split, form))).slice(3, 15))
        await sharp(join(data, split, form, name))
          .resize(397, 403, { fit: 'fill' })
          .jpeg()
          .toFile(join(folder, split, form, `${name}.jpg`));
    }
  await train(
    {
      ...small(),
      data: { source: folder, shrinkOnLoad: true },
      recipe: { batchSize: 64, whole: { epochCount: 1 } },
    },
    { out: at('shrinking') },
  );
  const files = Object.fromEntries(await openSealedFolder(at('shrinking/bundle')));
  const manifest = JSON.parse(new TextDecoder().decode(files['bundle.json']));
  expect(manifest.decoding).toMatchObject({ shrinkOnLoad: true, resize: 'pillow' });
  const [header, ...rows] = csvRows(await readFile(at('shrinking/predictions.csv'), 'utf8'));
  const column = header!.indexOf(`${manifest.chosen}:discs`);
  /** The largest difference between a probability of a bundle and the run's own. */
  const difference = async (bundle: string) => {
    const { predictions } = await evaluateBundle(bundle, folder, { workers: 'cpu:0', runtime });
    expect(predictions.map(({ path }) => path)).toEqual(rows.map(([path]) => path));
    const found = predictions.map(({ probabilities }) => probabilities.discs!);
    return Math.max(...found.map((probability, row) => Math.abs(probability - Number(rows[row]![column]))));
  };
  expect(await difference(at('shrinking/bundle'))).toBeLessThan(1e-5);
  manifest.decoding.shrinkOnLoad = false;
  await sealFolder(at('full-size'), { ...files, 'bundle.json': JSON.stringify(manifest) });
  expect(await difference(at('full-size'))).toBeGreaterThan(1e-5);
});

it('keeps unusual names unchanged in the predictions and the report', async () => {
  const odd = [
    'a\nb.png',
    '--x.png',
    '<img src=x onerror=alert(1)>.png',
    'say "hi", you.png',
    'é…🙂.png',
    `${'n'.repeat(251)}.png`,
  ];
  const folder = at('odd-names');
  await cp(data, folder, { recursive: true });
  for (const form of ['discs', 'stars'])
    for (const [index, name] of odd.entries())
      await cp(join(data, `validation/${form}/${form}-0000${index + 1}.png`), join(folder, 'validation', form, name));
  const { report } = await train(
    { ...small(), data: { source: folder }, recipe: { batchSize: 64, whole: { epochCount: 1 } } },
    { out: at('odd-run') },
  );
  expect(report.dataset.counts.test).toBe(34 + 2 * odd.length);
  const paths = csvRows(await readFile(at('odd-run/predictions.csv'), 'utf8')).map(([path]) => path);
  for (const name of odd) expect(paths).toContain(`validation/stars/${name}`);
  const evaluation = await evaluateBundle(at('odd-run/bundle'), folder, { workers: 'cpu:0', runtime });
  expect(evaluation.predictions.map(({ path }) => path)).toEqual(paths.slice(1));
  // A picture and its copy are both test images, so that no two sets share it.
  const { duplicates } = report.dataset;
  expect(duplicates.filter(({ splits }) => splits.length > 1)).toHaveLength(1);
  expect(duplicates.filter(({ splits }) => `${splits}` === 'test')).toHaveLength(2 * odd.length);
});

/** Parses CSV (RFC 4180), including quoted line breaks. */
function csvRows(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
    rows.at(-1)!.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'));
    if (end === '\n') rows.push([]);
  }
  return rows.slice(0, -1);
}
