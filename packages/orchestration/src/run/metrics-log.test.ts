import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EpochMetrics } from '@chorus/training';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MetricsLog, readMetrics, type StoredEpoch } from './metrics-log.ts';

let folder: string;
let path: string;
let warnings: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-metrics-'));
  path = join(folder, 'metrics.jsonl');
  warnings = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const epoch = (epochIndex: number) => ({ task: 'a', epochIndex }) as EpochMetrics;

async function writeThree(): Promise<void> {
  const log = await MetricsLog.open(path, (message) => warnings.push(message));
  for (const index of [0, 1, 2]) log.append(epoch(index));
  await log.close();
}

it('appends a line per epoch, in order', async () => {
  await writeFile(path, 'before\n');
  await writeThree();
  const lines = [0, 1, 2].map((index) => `${JSON.stringify(epoch(index))}\n`);
  expect(await readFile(path, 'utf8')).toBe(`before\n${lines.join('')}`);
  expect(warnings).toEqual([]);
});

const warning = (reason: string) =>
  `Cannot write to ${path}: ${reason}. The run continues, but later epochs will be missing from the file.`;

it.each<[string, string, () => unknown]>([
  ['a folder in its place', 'it is a folder', () => mkdir(path)],
  ['a named pipe without a reader', 'no such device or address', () => execFileSync('mkfifo', [path])],
  ['a run folder that was removed', 'no such file or folder', () => rm(folder, { recursive: true })],
])('warns once about %s, and the run continues', async (_, code, damage) => {
  await damage();
  await writeThree();
  expect(warnings).toEqual([warning(code)]);
});

it('30: warns once about a full disk, and the run continues', async () => {
  await symlink('/dev/full', path);
  await writeThree();
  expect(warnings).toEqual([warning('no space left on the disk')]);
});

it('31: warns once when the file reaches its size limit in the middle of a run', async () => {
  const compiled = fileURLToPath(new URL('../../dist/run/metrics-log.js', import.meta.url));
  const program = `
    import { MetricsLog, readMetrics } from ${JSON.stringify(compiled)};
    const log = await MetricsLog.open(${JSON.stringify(path)}, (message) => console.log(message));
    for (let index = 0; index < 200; index += 1) log.append({ task: 'x'.repeat(100), epochIndex: index });
    await log.close();`;
  const { status, stdout } = spawnSync(
    'bash',
    ['-c', 'ulimit -f 8; exec "$0" --input-type=module -e "$1"', process.execPath, program],
    { encoding: 'utf8' },
  );
  expect(stdout).toBe(
    `Cannot write to ${path}: file too large. The run continues, but later epochs will be missing from the file.\n`,
  );
  expect(status).toBe(0);
  expect((await readFile(path)).length).toBe(8 * 1024);
});

const line = (epochIndex: number, loss: number | null = 0.5, stage = 'head') => ({
  ...{ task: 'a', member: 'a', fold: { kind: 'holdout' }, stage, epochIndex, loss },
  ...{ startedAtMs: 1, finishedAtMs: 2, tuneLoss: 0.5, tuneAccuracy: 1, learningRate: 0.1, best: true },
});

it('reads the epochs that count, without the incomplete line of a killed run', async () => {
  const { startedAtMs: _, ...early } = line(0, null, 'whole');
  const other = { ...line(0), task: 'b' };
  // The training goes back to its second epoch, from the next stage.
  const all = [line(0, 0.5), line(1, 0.4), other, line(2), early, line(1, 0.3), early];
  await writeFile(path, `${all.map((one) => `${JSON.stringify(one)}\n`).join('')}{"task": "a", "sta`);
  expect(await readMetrics(path)).toEqual([line(0, 0.5), line(1, 0.3), { ...early, startedAtMs: null }, other]);
  await expect(readMetrics(join(folder, 'none'))).rejects.toThrow('no such file or folder');
});

it.each<[string, () => unknown, RegExp]>([
  ['a named pipe', () => execFileSync('mkfifo', [path]), /a named pipe instead of a regular file/],
  ['a device', () => symlink('/dev/zero', path), /a device instead of a regular file/],
])('refuses to read %s', async (_, put, message) => {
  await put();
  await expect(readMetrics(path)).rejects.toThrow(message);
});

it('skips a line of a megabyte, and a deeply nested one', async () => {
  const line = { task: 'a', member: 'a', fold: { kind: 'all' }, stage: 's', epochIndex: 0, loss: 1, best: true };
  const epochLine = JSON.stringify({ ...line, tuneLoss: null, tuneAccuracy: null });
  await writeFile(path, `${'x'.repeat(2 ** 20)}\n${'['.repeat(60_000)}\n${epochLine}\n`);
  expect(await readMetrics(path)).toMatchObject([{ epochIndex: 0 }]);
});

it('marks the lines of epochs that are repeated, in the same run and in a resumed one', async () => {
  const append = async (...epochs: [stage: string, epochIndex: number][]) => {
    const log = await MetricsLog.open(path, (message) => warnings.push(message));
    log.onContinue('a');
    for (const [stage, epochIndex] of epochs) log.append(line(epochIndex, 0.5, stage) as EpochMetrics);
    await log.close();
  };
  await append(['head', 0], ['whole', 0], ['whole', 1], ['whole', 2]);
  await append(['whole', 1], ['whole', 2], ['whole', 1]);
  const lines = (await readFile(path, 'utf8'))
    .trim()
    .split('\n')
    .map((one) => JSON.parse(one));
  const marks = lines.map(({ stage, epochIndex, repeated }) => `${stage} ${epochIndex} ${repeated ?? ''}`.trim());
  expect(marks).toEqual([
    ...['head 0', 'whole 0', 'whole 1', 'whole 2'],
    ...['whole 1 true', 'whole 2 true', 'whole 1 true'],
  ]);
  expect((await readMetrics(path)).map(({ stage, epochIndex }) => `${stage} ${epochIndex}`)).toEqual([
    ...['head 0', 'whole 0', 'whole 1'],
  ]);
  expect(warnings).toEqual([]);
});

it('keeps no epoch from before a training started again, whatever its stages were called then', async () => {
  const append = async (...epochs: [stage: string, epochIndex: number][]) => {
    const log = await MetricsLog.open(path, (message) => warnings.push(message));
    for (const [stage, epochIndex] of epochs) log.append(line(epochIndex, 0.5, stage) as EpochMetrics);
    await log.close();
  };
  const other = `${JSON.stringify({ ...line(0), task: 'b' })}\n`;
  await writeFile(path, other);
  // A version or an experiment with a stage that there is no longer.
  await append(['warm-up', 0], ['warm-up', 1], ['head', 0]);
  await append(['head', 0], ['whole', 0]);
  const placesOf = (epochs: readonly StoredEpoch[]) =>
    epochs.map(({ task, stage, epochIndex, restarted = false }) => [task, stage, epochIndex, restarted]);
  expect(placesOf(await readMetrics(path))).toEqual([
    ['b', 'head', 0, false],
    ['a', 'head', 0, true],
    ['a', 'whole', 0, false],
  ]);
  // Lines of an earlier version, which did not mark a restart, are all read.
  const unmarked = (await readFile(path, 'utf8')).replaceAll(',"restarted":true', '');
  await writeFile(path, unmarked);
  expect(placesOf(await readMetrics(path)).map(([, stage]) => stage)).toEqual([
    ...['head', 'warm-up', 'warm-up', 'head', 'whole'],
  ]);
  expect(warnings).toEqual([]);
});
