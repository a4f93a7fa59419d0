import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '@chorus/storage';
import { StoppedError } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBundle } from './bundle.ts';
import type { ExperimentInput } from './experiment/schema.ts';
import type { MemberState } from './run/observer.ts';
import { at, data, drawData, removeRuns, small } from './train.fixture.ts';
import { train } from './train.ts';

let killed: Promise<NodeJS.Signals | null>;
beforeAll(async () => {
  await drawData();
  // Runs during the other tests.
  killed = killedRun(at('killed'));
});
afterAll(removeRuns);

describe('stopping and resuming', () => {
  it('stops before the next batch and keeps finished members; a damaged one is trained again', async () => {
    const controller = new AbortController();
    const stopped = train(small(), {
      out: at('stopped'),
      signal: controller.signal,
      // With one lane, the first member is done when the second one starts.
      observer: { onMember: (name, { state }) => state === 'running' && name === 'slim' && controller.abort() },
    });
    await expect(stopped).rejects.toThrow(StoppedError);
    expect(await readdir(at('stopped/members'))).toEqual(['wide']);
    expect(existsSync(at('stopped/report.json'))).toBe(false);
    const { estimates } = JSON.parse(await readFile(at('stopped/plan.json'), 'utf8'));
    expect(estimates).toEqual({ memoryBytes: expect.any(Number), diskBytes: expect.any(Number) });

    const states: string[] = [];
    const observer = { onMember: (name: string, { state }: MemberState) => void states.push(`${name} ${state}`) };
    const { report } = await train({}, { resume: at('stopped'), observer });
    expect(states).toContain('wide kept');
    expect(states).toContain('slim done');
    expect(report.members.map(({ trainings }) => trainings[0]!.resumed)).toEqual([true, false]);

    const bytes = await readFile(at('stopped/members/wide/holdout/weights.bin'));
    await writeFile(at('stopped/members/wide/holdout/weights.bin'), bytes.subarray(1));
    const warnings: string[] = [];
    states.length = 0;
    await train(
      {},
      { resume: at('stopped'), observer: { ...observer, onWarning: (_, message) => void warnings.push(message) } },
    );
    expect(warnings).toEqual([expect.stringMatching(/weights\.bin is damaged: .* It is trained again\./)]);
    expect(states).toContain('wide done');
    expect(states).toContain('slim kept');
  });

  it('gives the same predictions as without a stop, with a schedule and averages', async () => {
    const experiment: Partial<ExperimentInput> = {
      ...small(),
      recipe: {
        batchSize: 16,
        microBatchSize: 6,
        whole: {
          epochCount: 3,
          learningRate: 0.05,
          schedule: { kind: 'cosine' },
          optimizer: { kind: 'sgd' },
          layerDecay: 0.9,
          clipNorm: 1,
          emaMomentum: 0.8,
        },
      },
    };
    const controller = new AbortController();
    const onEpoch = ({ member, epochIndex }: { member: string; epochIndex: number }) =>
      member === 'slim' && epochIndex === 1 && controller.abort();
    const stopped = train(experiment, { out: at('averaged'), signal: controller.signal, observer: { onEpoch } });
    await expect(stopped).rejects.toThrow(StoppedError);
    const { report } = await train({}, { resume: at('averaged') });
    expect(report.members.map(({ trainings }) => trainings[0]!.resumed)).toEqual([true, false]);
    await train(experiment, { out: at('averaged-whole') });
    const predictions = (folder: string) => readFile(at(`${folder}/predictions.csv`), 'utf8');
    expect(await predictions('averaged')).toBe(await predictions('averaged-whole'));
  });

  it('changes no file of a finished run, whose models are stored once', async () => {
    const state = async () => {
      const entries = await readdir(at('stopped'), { recursive: true, withFileTypes: true });
      const paths = entries.map(({ parentPath, name }) => join(parentPath, name)).toSorted();
      return Promise.all(
        paths.map(async (path) => {
          const { mtimeMs, ino, isFile } = await stat(path).then((one) => ({ ...one, isFile: one.isFile() }));
          return { path, mtimeMs, ino, sum: isFile ? sha256(await readFile(path)) : '' };
        }),
      );
    };
    const before = await state();
    const { report, wasFinished, exitCode } = await train({}, { resume: at('stopped') });
    expect(await state()).toEqual(before);
    expect({ wasFinished, exitCode }).toEqual({ wasFinished: true, exitCode: 0 });
    expect(report).toEqual(JSON.parse(await readFile(at('stopped/report.json'), 'utf8')));
    const inodeOf = (name: string) => before.find(({ path }) => path === at(`stopped/${name}`))!.ino;
    for (const name of ['wide', 'slim'])
      expect(inodeOf(`bundle/members/${name}/1.bin`)).toBe(inodeOf(`members/${name}/holdout/weights.bin`));
    await rm(at('stopped/bundle'), { recursive: true });
    expect((await train({}, { resume: at('stopped') })).wasFinished).toBe(false);
    await rm(at('stopped/members'), { recursive: true });
    expect((await readBundle(at('stopped/bundle'))).members).toHaveLength(2);
    await expect(readBundle(at('stopped'))).rejects.toThrow(
      `Expected a bundle at ${at('stopped')}, received a run folder; did you mean ${at('stopped/bundle')}?`,
    );
  });

  it('stops while decoding', async () => {
    const controller = new AbortController();
    const stopped = train(small(), {
      out: at('undecoded'),
      signal: controller.signal,
      observer: { onDecode: () => controller.abort() },
    });
    await expect(stopped).rejects.toThrow(StoppedError);
    await expect(stopped).rejects.toThrow(/^The run was stopped\.$/);
    // Nothing was trained, so there is no run to resume, and the folder can be used.
    expect(existsSync(at('undecoded'))).toBe(false);
  });

  it('resumes after a kill, only with the same images', async () => {
    expect(await killed).toBe('SIGKILL');
    // Takes over its lock at once, not after ten seconds.
    await utimes(at('killed.lock'), 0, 0);
    const { report } = await train({}, { resume: at('killed') });
    expect(report.members.map(({ trainings }) => trainings[0]!.resumed)).toEqual([true, false]);
    await rm(at('killed/report.json'));
    await cp(join(data, 'train/stars/stars-00002.png'), join(data, 'train/stars/stars-99999.png'));
    await expect(train({}, { resume: at('killed') })).rejects.toThrow(/have changed since the run in .* started/);
    await rm(join(data, 'train/stars/stars-99999.png'));
  });

  it('does not keep a training of another plan, and reports the difference', async () => {
    const start = JSON.parse(await readFile(at('killed/experiment.json'), 'utf8'));
    start.experiment.recipe.whole.epochCount = 1;
    await writeFile(at('killed/experiment.json'), JSON.stringify(start));
    const warnings: string[] = [];
    const onWarning = (task: string, message: string) => void warnings.push(`${task}: ${message}`);
    const { report } = await train({}, { resume: at('killed'), observer: { onWarning } });
    expect(warnings).toEqual(
      ['wide', 'slim'].map(
        (name) =>
          `${name}: ${name} was trained by another plan: member.stages.0.epochCount was 2, is now 1. It is trained again.`,
      ),
    );
    expect(report.members.map(({ trainings }) => trainings[0]!.resumed)).toEqual([false, false]);
  });

  it('keeps a training of an earlier version, whose record has no plan', async () => {
    await changeRecord('killed/members/slim/holdout', ({ plan: _, ...record }) => record);
    await rm(at('killed/report.json'));
    const { report } = await train({}, { resume: at('killed') });
    expect(report.members.map(({ trainings }) => trainings[0]!.resumed)).toEqual([true, true]);
  });

  it('does not keep a training that started from other weights', async () => {
    const weights = { source: 'elsewhere.h5', sha256: 'a'.repeat(64) };
    await changeRecord('killed/members/slim/holdout', (record) => ({ ...record, weights }));
    await rm(at('killed/report.json'), { force: true });
    const warnings: string[] = [];
    const onWarning = (task: string, message: string) => void warnings.push(`${task}: ${message}`);
    const { report } = await train({}, { resume: at('killed'), observer: { onWarning } });
    expect(warnings).toEqual(['slim: slim started from other weights (elsewhere.h5). It is trained again.']);
    expect(report.members.map(({ trainings }) => trainings[0]!.resumed)).toEqual([true, false]);
  });
});

/** Changes the record of a trained member, and its checksum. */
async function changeRecord(folder: string, change: (record: Record<string, unknown>) => object): Promise<void> {
  const path = at(`${folder}/member.json`);
  const changed = JSON.stringify(change(JSON.parse(await readFile(path, 'utf8'))));
  await writeFile(path, changed);
  const sums = at(`${folder}/SHA256SUMS`);
  await writeFile(sums, (await readFile(sums, 'utf8')).replace(/^.*member\.json$/m, `${sha256(changed)}  member.json`));
}

/** Runs in a separate process, which is killed when its second member starts; returns the signal that ended it. */
function killedRun(out: string): Promise<NodeJS.Signals | null> {
  const experiment = JSON.stringify(small());
  const script = `import { train } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
    await train(${experiment}, { out: ${JSON.stringify(out)},
      observer: { onMember: (name, { state }) => name === 'slim' && state === 'running' && process.kill(process.pid, 'SIGKILL') } });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'inherit' });
  return new Promise((done) => child.on('exit', (_, signal) => done(signal)));
}
