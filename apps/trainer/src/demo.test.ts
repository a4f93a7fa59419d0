import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EpochMetrics, Report } from '@chorus/orchestration';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// What `pnpm turbo train` runs when nothing is named: it has to learn, on any machine, from nothing.
describe('the default run', () => {
  let folder: string;
  let output = '';
  let report: Report;
  let epochs: EpochMetrics[];
  let predictions: string[][];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-demo-'));
    const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
    const named = { CHORUS_WORKERS: undefined, CHORUS_WEIGHTS: undefined };
    const child = spawn(process.execPath, [main, 'train', '--out', folder], { env: { ...process.env, ...named } });
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.pipe(process.stderr);
    expect(await new Promise((done) => child.on('exit', done))).toBe(0);
    report = JSON.parse(await readFile(join(folder, 'report.json'), 'utf8'));
    const lines = async (name: string) => (await readFile(join(folder, name), 'utf8')).trim().split('\n');
    epochs = (await lines('metrics.jsonl')).map((line) => JSON.parse(line));
    predictions = (await lines('predictions.csv')).map((line) => line.split(','));
  }, 600_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("has the article's three backbones", () => {
    expect(report.members.map(({ name }) => name)).toEqual(['mobilenet-v2', 'inception-v3', 'xception']);
  });

  const of = (member: string) => epochs.filter((epoch) => epoch.member === member);

  it('says at the start, at the end and in the report that it is a demonstration', () => {
    expect(output.split('This is a demonstration')).toHaveLength(3);
    expect(output).toContain('For your own images: pnpm chorus train --data DIR');
    expect(report.demo).toBe(true);
    expect(report.verdict).toContain('do not apply to photographs');
  });

  it('learns: each loss falls, and each member is surely better than the majority class', () => {
    expect(report.members).toHaveLength(3);
    for (const { name, test } of report.members) {
      expect(of(name).at(-1)!.loss).toBeLessThan(of(name)[0]!.loss);
      expect(test!.count).toBeGreaterThanOrEqual(300);
      expect(test!.wilson95[0]).toBeGreaterThan(report.baseline);
    }
  });

  it('has members that answer differently', () => {
    const column = (name: string) => predictions.map((row) => row[predictions[0]!.indexOf(`${name}:stars`)]).join();
    const answers = report.members.map(({ name }) => column(name));
    expect(new Set(answers).size).toBe(3);
  });

  it('trains them side by side', () => {
    const steps = report.members.map(({ name }) => of(name));
    const together = steps[0]!.some((a) =>
      steps[1]!.some((b) =>
        steps[2]!.some(
          (c) =>
            Math.max(a.startedAtMs, b.startedAtMs, c.startedAtMs) <
            Math.min(a.trainedUntilMs, b.trainedUntilMs, c.trainedUntilMs),
        ),
      ),
    );
    expect(together).toBe(true);
    expect(new Set(report.members.map(({ trainings }) => trainings[0]!.device)).size).toBe(3);
  });
});
