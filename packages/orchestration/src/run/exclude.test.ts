/** Images that `data.exclude` leaves out of a run's data set. */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawShapes } from '@chorus/data';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeDataset } from '../check/describe-dataset.ts';
import { warningsAbout } from '../check/warnings.ts';
import { ConfigError } from '../errors.ts';
import { resolveExperiment } from '../experiment/resolve.ts';
import { openDataset } from './dataset.ts';

let root: string;
let list: string;
beforeAll(async () => {
  const parent = await mkdtemp(join(tmpdir(), 'chorus-exclude-'));
  root = join(parent, 'data');
  list = join(parent, 'wrong.txt');
  await drawShapes(root, { seed: 1, imagesPerClass: { train: 40, validation: 20 } });
  // A copy under another label, and a file that is not an image.
  await cp(join(root, 'train/discs/discs-00005.png'), join(root, 'train/stars/copy.png'));
  await writeFile(join(root, 'train/stars/stars-00001.png'), 'This is a text.');
});
afterAll(() => rm(join(root, '..'), { recursive: true, force: true }));

const open = async (lines: string[] | undefined, data: object = {}, onProblem?: (problem: Error) => void) => {
  if (lines !== undefined) await writeFile(list, lines.join('\n'));
  const experiment = resolveExperiment({
    inputSize: 32,
    data: { source: root, ...data, ...(lines === undefined ? {} : { exclude: list }) },
    stacking: { kind: 'kfold', folds: 3 },
    members: [
      { name: 'a', backbone: 'mobilenet', alpha: 0.25 },
      { name: 'b', backbone: 'mobilenet', alpha: 0.25 },
    ],
  });
  return openDataset(experiment, root, () => 0, { onDecode() {}, ...(onProblem && { onProblem }) });
};
const wrong = ['train/discs/discs-00003.png', 'validation/stars/stars-00002.png'];
const reason = 'listed in wrong.txt (data.exclude)';

describe('excluded images', () => {
  it('are in no set, and the others stay in their sets', async () => {
    const [whole, without] = [await open(undefined), await open(wrong)];
    const indices = wrong.map((path) => whole.images.findIndex(({ relativePath }) => relativePath === path));
    const rest = (set: Uint32Array) => set.filter((index) => !indices.includes(index));
    expect(whole.split.test).toContain(indices[1]);
    expect(without.split).toEqual({
      test: rest(whole.split.test),
      folds: whole.split.folds.map(({ fold, fit, tune, outOfFold }) => ({
        ...{ fold, fit: rest(fit), tune: rest(tune), outOfFold: rest(outOfFold) },
      })),
    });
  });

  it('change the fingerprint, as the images that are used do', async () => {
    const fingerprintOf = async (lines: string[] | undefined) => (await open(lines)).fingerprint;
    const whole = await fingerprintOf(undefined);
    const none = await fingerprintOf([]);
    const both = await fingerprintOf(wrong);
    const one = await fingerprintOf(wrong.slice(1));
    expect(none).toBe(whole);
    expect(new Set([whole, both, one]).size).toBe(3);
  });

  it('are listed with the reason, and test images in a notice', async () => {
    const { skipped, found } = await open(wrong);
    expect(skipped.filter(({ kind }) => kind === 'excluded')).toEqual(
      wrong.map((path) => ({ path, reason, kind: 'excluded' })),
    );
    expect(found.notices).toContain('data.exclude leaves out 1 test image: every accuracy is measured without it');
    expect((await open(wrong.slice(0, 1))).found.notices.join()).not.toContain('data.exclude');
  });

  it('are not usable in a check, and cause no warning', async () => {
    const section = describeDataset(await open([...wrong, 'train/stars/stars-00001.png']), 32);
    expect(section).toMatchObject({ found: 121, usable: 118 });
    expect(warningsAbout(section).join()).not.toContain('not used');
    expect(warningsAbout(describeDataset(await open(wrong), 32))).toContain('1 entry not used');
  });

  it('may be damaged files, which then do not count as unusable', async () => {
    const { skipped } = await open(['train/stars/stars-00001.png']);
    expect(skipped).toEqual([{ path: 'train/stars/stars-00001.png', reason, kind: 'excluded' }]);
  });

  it('are no copies of other images: the copy with the right label is kept', async () => {
    const drop = { duplicates: 'drop' };
    const bothDropped = await open(undefined, drop);
    expect(bothDropped.duplicates).toMatchObject([{ labels: ['discs', 'stars'], action: 'dropped' }]);
    const { duplicates, images, split } = await open(['train/stars/copy.png'], drop);
    expect(duplicates).toEqual([]);
    const kept = images.findIndex(({ relativePath }) => relativePath === 'train/discs/discs-00005.png');
    expect(split.folds.flatMap(({ outOfFold }) => [...outOfFold])).toContain(kept);
  });

  it('may not be all images of a class in a set', async () => {
    const all = Array.from(
      { length: 20 },
      (_, index) => `validation/stars/stars-${String(index).padStart(5, '0')}.png`,
    );
    await expect(open(all)).rejects.toThrow(
      /^Expected a usable image of class "stars" in the test set of .*, received none \(validation\/stars\/stars-00000\.png: listed in wrong\.txt \(data\.exclude\); and 19 more\); exclude fewer images or add images of this class\.$/,
    );
  });

  it('that do not exist are an error, which a check reports with all other problems', async () => {
    const lines = ['train/discs/disc-00003.png'];
    await expect(open(lines)).rejects.toThrow(ConfigError);
    const problems: Error[] = [];
    const { images } = await open(lines, {}, (problem) => problems.push(problem));
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('line 1: "train/discs/disc-00003.png"; did you mean "train/discs/discs-00003.png"?'),
    ]);
    expect(images).toHaveLength(121);
  });
});
