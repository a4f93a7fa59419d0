import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawShapes } from '@chorus/data';
import { calibrate } from '@chorus/models';
import { StorageError } from '@chorus/storage';
import { StoppedError } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBundle } from '../bundle.ts';
import { readGradCam } from '../report/grad-cam-schema.ts';
import { reportSchema } from '../report/schema.ts';
import type { Choice } from '../stacking/choose.ts';
import { countImages } from './count-images.ts';
import { type PreparedRun, preparedRun } from './member-run.fixture.ts';
import type { RunParts } from './run-report.ts';
import { stackAndTest } from './stack-and-test.ts';
import { type Training, trainMembers } from './train-members.ts';

let parent: string;
let run: PreparedRun;
let parts: Omit<RunParts, 'testImagesReadBeforeChoice'>;
let done: { name: string; trainings: Training[] }[];
const choices: { choice: Choice; testImagesRead: number }[] = [];
const fits: [number, number][] = [];
const notices: string[] = [];

const testImagesRead = () => {
  const read = new Uint8Array(run.reads);
  return run.dataset.split.test.filter((index) => read[index] === 1).length;
};

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-stack-and-test-'));
  await drawShapes(join(parent, 'data'), { seed: 1, imagesPerClass: { train: 24, validation: 5 } });
  run = await preparedRun(
    parent,
    { stackers: { kinds: ['mean', 'logistic'] }, calibration: 'none', stacking: { kind: 'holdout', fraction: 0.4 } },
    {
      onChoice: (choice) => choices.push({ choice, testImagesRead: testImagesRead() }),
      onNotice: (notice) => notices.push(notice),
      onStacking: (...progress) => fits.push(progress),
    },
  );
  const outcomes = (await trainMembers(run)).filter((one) => one.status !== 'cut');
  const { start, dataset, plan, lanes, preparation } = run;
  const counts = countImages(dataset.split);
  parts = { start, dataset, counts, demo: true, plan, outcomes, lanes, incidents: [], timeline: preparation.timeline };
  done = outcomes.map(({ trainings }, index) => ({ name: ['wide', 'slim'][index]!, trainings }));
});
afterAll(async () => {
  await run.close();
  await rm(parent, { recursive: true, force: true });
});

describe('stackAndTest', () => {
  it('chooses before it reads a test image, and writes the report, the predictions and the bundle', async () => {
    const report = await stackAndTest(parts, done, run);
    expect(choices).toHaveLength(1);
    const [{ choice, testImagesRead: readBefore }] = choices as [(typeof choices)[number]];
    expect(readBefore).toBe(0);
    expect(testImagesRead()).toBe(10);
    expect(report.testImagesReadBeforeChoice).toBe(0);
    // Each kind is fitted on all rows and without each of five folds.
    expect(fits.at(-1)).toEqual([12, 12]);

    expect(reportSchema.parse(JSON.parse(await readFile(run.folder.report, 'utf8')))).toEqual(report);
    expect(report.stackers.map(({ kind, chosen }) => [kind, chosen])).toEqual(
      ['mean', 'logistic'].map((kind) => [kind, kind === choice.chosen]),
    );
    expect(report.bestMember).toBe(done[choice.bestMember]!.name);
    expect(report.members.map(({ outOfFold }) => outOfFold)).toEqual(choice.members);

    const [header, ...rows] = (await readFile(run.folder.predictions, 'utf8')).trim().split('\n');
    const names = ['wide', 'slim', 'mean', 'logistic'].flatMap((name) => [`${name}:discs`, `${name}:stars`]);
    expect(header!.split(',').slice(-8)).toEqual(names);
    const { images, split } = run.dataset;
    expect(rows.map((row) => row.split(',')[0])).toEqual(
      Array.from(split.test, (index) => images[index]!.relativePath),
    );

    const { labelAudit } = report;
    expect(labelAudit!.training!.examined).toBe(run.dataset.split.folds[0]!.outOfFold.length);
    expect(labelAudit!.test.examined).toBe(10);
    const issues = (await readFile(run.folder.labelIssues, 'utf8')).trim().split('\n').slice(1);
    expect(issues).toHaveLength(labelAudit!.training!.implausible + labelAudit!.test.implausible);

    const { images: explained } = await readGradCam(run.folder.gradCam);
    const shown = [
      ...report.mistakes.map(({ path, predicted }) => [path, predicted]),
      ...labelAudit!.test.worst.map(({ path, suggested }) => [path, suggested]),
    ];
    expect(shown.length).toBeGreaterThan(0);
    expect(explained.map((image) => [image.path, image.class])).toEqual([
      ...new Map(shown.map((one) => [one.join(), one])).values(),
    ]);
    for (const { members } of explained) expect(members.map(({ name }) => name)).toEqual(['wide', 'slim']);

    const bundle = await readBundle(run.folder.bundle);
    expect(bundle.manifest).toMatchObject({ chosen: choice.chosen, demo: true, classes: ['discs', 'stars'] });
    expect(bundle.members.map(({ name, models }) => [name, models.length])).toEqual([
      ['wide', 1],
      ['slim', 1],
    ]);
  });

  it('finishes without Grad-CAM maps if they cannot be written', async () => {
    await rm(run.folder.gradCam);
    await mkdir(join(run.folder.gradCam, 'folder'), { recursive: true });
    notices.length = 0;
    const report = await stackAndTest(parts, done, run);
    expect(reportSchema.parse(JSON.parse(await readFile(run.folder.report, 'utf8')))).toEqual(report);
    expect(notices).toEqual([expect.stringMatching(/^warning: the report has no Grad-CAM maps: .*grad-cam\.json/)]);
    await rm(run.folder.gradCam, { recursive: true });
  });

  it('calibrates the ensemble before the test, in the bundle and in the report', async () => {
    const { experiment } = parts.start;
    const report = await stackAndTest(
      { ...parts, start: { ...parts.start, experiment: { ...experiment, calibration: 'temperature' } } },
      done,
      run,
    );
    const { manifest } = await readBundle(run.folder.bundle);
    expect(manifest.calibration!.kind).toBe('temperature');
    expect(report.analysis!.calibration).toMatchObject({ applied: 'temperature', reason: 'set by the experiment' });
    expect(report.analysis!.answers.map(({ threshold }) => threshold)).toEqual(
      manifest.thresholds!.answers.map(({ threshold }) => threshold),
    );
    const chosen = report.stackers.find((stacker) => stacker.chosen)!;
    expect(chosen.test.logLoss).toBe(report.analysis!.calibration.test.after.logLoss);
    const [header, ...rows] = (await readFile(run.folder.predictions, 'utf8')).trim().split('\n');
    const names = header!.split(',');
    expect(names.slice(-2)).toEqual([`${manifest.chosen}+temperature:discs`, `${manifest.chosen}+temperature:stars`]);
    const raw = names.indexOf(`${manifest.chosen}:discs`);
    for (const cells of rows.map((row) => row.split(',').map(Number))) {
      const uncalibrated = Float32Array.of(cells[raw]!, cells[raw + 1]!);
      const expected = calibrate(uncalibrated, manifest.calibration, 2);
      for (const [label, found] of cells.slice(-2).entries()) expect(found).toBeCloseTo(expected[label]!, 6);
    }
  });

  it('drops members beyond maxMembers before the test, and fits the stackers on the others', async () => {
    const [wide, slim] = parts.plan.members;
    const [, slimOutcome] = parts.outcomes;
    const three = {
      ...parts,
      start: { ...parts.start, experiment: { ...parts.start.experiment, maxMembers: 2 } },
      plan: { ...parts.plan, members: [wide!, slim!, { ...slim!, plan: { ...slim!.plan, name: 'copy' } }] },
      outcomes: [...parts.outcomes, slimOutcome!],
    };
    const report = await stackAndTest(three, [...done, { name: 'copy', trainings: slimOutcome!.trainings }], run);
    const { kept, dropped, ...pruning } = report.pruning!;
    expect([...kept, ...dropped].toSorted()).toEqual(['copy', 'slim', 'wide']);
    expect(kept).toHaveLength(2);
    // A copy adds nothing.
    expect(kept).toContain('wide');
    expect(pruning).toMatchObject({ maxMembers: 2, maxMegabytes: null });
    const chosen = report.stackers.find((stacker) => stacker.chosen)!;
    expect(pruning.stackerLogLoss.kept).toBe(chosen.outOfFold.logLoss);
    const bundle = await readBundle(run.folder.bundle);
    expect(bundle.members.map(({ name }) => name)).toEqual(kept);
    expect(bundle.manifest.stackers.every(({ state }) => state.memberCount === 2)).toBe(true);
    for (const { name, outOfFold, test, predictsWith } of report.members) {
      expect(outOfFold).not.toBeNull();
      expect(test === null).toBe(dropped.includes(name));
      expect(predictsWith === null).toBe(dropped.includes(name));
    }
    expect(report.costs!.members.map(({ name }) => name)).toEqual(['wide', 'slim', 'copy']);
    const megabytes = report.costs!.members.filter(({ name }) => kept.includes(name)).map((one) => one.megabytes);
    expect(report.costs!.ensemble.megabytes).toBeCloseTo(megabytes[0]! + megabytes[1]!, 9);
    expect(report.costs!.ensemble.milliseconds).toBeGreaterThan(0);
    expect(reportSchema.parse(JSON.parse(await readFile(run.folder.report, 'utf8')))).toEqual(report);
    const header = (await readFile(run.folder.predictions, 'utf8')).split('\n')[0]!;
    expect(header.includes(`${dropped[0]}:`)).toBe(false);
  });

  it('reports how many test images were read before the choice', async () => {
    new Uint8Array(run.reads).fill(0)[run.dataset.split.test[3]!] = 1;
    const report = await stackAndTest(parts, done, run);
    expect(report.testImagesReadBeforeChoice).toBe(1);
  });

  it('refuses a member that was damaged after its training', async () => {
    const path = join(done[0]!.trainings[0]!.folder, 'weights.bin');
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(4));
    const testing = stackAndTest(parts, done, run);
    await expect(testing).rejects.toThrow(StorageError);
    await expect(testing).rejects.toThrow(/weights\.bin is damaged/);
    await writeFile(path, bytes);
  });

  it('stops once a stop is requested', async () => {
    run.stop.raise();
    await expect(stackAndTest(parts, done, run)).rejects.toThrow(StoppedError);
  });
});
