import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EpochMetrics } from '@chorus/training';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MetricsLog, readMetrics } from './metrics-log.ts';

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
  const log = new MetricsLog(path, (message) => warnings.push(message));
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
    const log = new MetricsLog(${JSON.stringify(path)}, (message) => console.log(message));
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

it('reads epochs, of repeated ones the last, without the incomplete line of a killed run', async () => {
  const line = (epochIndex: number, loss: number | null) => ({
    ...{ task: 'a', member: 'a', fold: { kind: 'holdout' }, stage: 'head', epochIndex, loss },
    ...{ startedAtMs: 1, finishedAtMs: 2, tuneLoss: 0.5, tuneAccuracy: 1, learningRate: 0.1, best: true },
  });
  const { startedAtMs: _, ...early } = line(2, null);
  const lines = [line(0, 0.5), line(1, 0.4), early, line(1, 0.3)].map((one) => JSON.stringify(one));
  await writeFile(path, `${lines.join('\n')}\n${lines[0]!.slice(0, 30)}`);
  expect(await readMetrics(path)).toEqual([line(0, 0.5), line(1, 0.3), { ...early, startedAtMs: null }]);
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
