import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '@chorus/storage';
import { StoppedError } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBundle } from './bundle.ts';
import { ConfigError } from './errors.ts';
import type { ExperimentInput } from './experiment/schema.ts';
import type { MemberState } from './run/observer.ts';
import { at, data, drawData, removeRuns, small } from './train.fixture.ts';
import { type TrainOptions, train } from './train.ts';

let killed: Promise<NodeJS.Signals | null>;
beforeAll(async () => {
  await drawData();
  // Runs during the other tests.
  killed = killedRun(
    small(),
    at('killed'),
    "onMember: (name, { state }) => name === 'slim' && state === 'running' && process.kill(process.pid, 'SIGKILL')",
  );
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

  it('35: resumes after a kill, only with the same images', async () => {
    expect(await killed).toBe('SIGKILL');
    const { report } = await train({}, { resume: at('killed') });
    expect(report.members.map(({ trainings }) => trainings[0]!.resumed)).toEqual([true, false]);
    await rm(at('killed/report.json'));
    await cp(join(data, 'train/stars/stars-00002.png'), join(data, 'train/stars/stars-99999.png'));
    const refused = train({}, { resume: at('killed') });
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow(
      /^This has changed since the run in .*killed was started:\n {2}images in .*: the class "stars" had 36 images, has now 37$/,
    );
    await rm(join(data, 'train/stars/stars-99999.png'));
  });

  it('35: is refused if two images have been swapped, whose sizes and times are the same', async () => {
    const [one, other] = ['stars-00002', 'stars-00003'].map((name) => join(data, `train/stars/${name}.png`)) as [
      string,
      string,
    ];
    const [bytes, otherBytes] = [await readFile(one), await readFile(other)];
    const length = Math.max(bytes.length, otherBytes.length);
    // Readers ignore what follows the end of a PNG file.
    const padded = (content: Buffer) => Buffer.concat([content, Buffer.alloc(length - content.length)]);
    const write = async (first: Buffer, second: Buffer) => {
      await writeFile(one, first);
      await writeFile(other, second);
      for (const path of [one, other]) await utimes(path, 1e9, 1e9);
    };
    try {
      await write(padded(bytes), padded(otherBytes));
      await train({ ...small(), recipe: { batchSize: 64, whole: { epochCount: 1 } } }, { out: at('swapped') });
      await rm(at('swapped/report.json'));
      await write(padded(otherBytes), padded(bytes));
      await expect(train({}, { resume: at('swapped') })).rejects.toThrow(
        'the content or the names of images, or what they are used for',
      );
      const { report } = await train({}, { resume: at('swapped'), force: true });
      expect(report.members.map(({ trainings: [training] }) => training!.resumed)).toEqual([false, false]);
    } finally {
      await write(bytes, otherBytes);
    }
  });

  it('35: is refused if the experiment was edited, unless that is accepted, which the report says', async () => {
    const start = JSON.parse(await readFile(at('killed/experiment.json'), 'utf8'));
    start.experiment.recipe.whole.epochCount = 1;
    start.experiment.members[1].name = 'thin';
    await writeFile(at('killed/experiment.json'), JSON.stringify(start));
    const refused = train({}, { resume: at('killed') });
    await expect(refused).rejects.toThrow(ConfigError);
    const edits = ['members.1.name was "slim", is now "thin"', 'recipe.whole.epochCount was 2, is now 1'];
    for (const edit of edits) await expect(refused).rejects.toThrow(edit);
    const { report } = await train({}, { resume: at('killed'), force: true });
    expect(report.edits.toSorted()).toEqual(edits);
    const otherPlan = 'member.stages.0.epochCount was 2, is now 1';
    expect(
      report.members.map(({ name, trainings: [training] }) => [name, training!.resumed, training!.otherPlan]),
    ).toEqual([
      ['wide', true, otherPlan],
      ['thin', false, undefined],
    ]);
    // It was accepted for all later parts of the run.
    await rm(at('killed/report.json'));
    const again = await train({}, { resume: at('killed') });
    expect(again.report.edits).toEqual(report.edits);
    expect(again.report.members.map(({ trainings: [training] }) => training!.resumed)).toEqual([true, true]);
  });

  it('34: says that edits are not noticed if the plan is damaged', async () => {
    await cp(at('killed'), at('half-a-plan'), { recursive: true });
    await writeFile(at('half-a-plan/plan.json'), '{"experiment":');
    const notices: string[] = [];
    const onNotice = (notice: string) => void notices.push(notice);
    await train({}, { resume: at('half-a-plan'), observer: { onNotice } });
    expect(notices.filter((notice) => notice.includes('plan.json'))).toEqual([
      expect.stringMatching(
        /plan\.json: invalid JSON: .*\. Whether the experiment was edited .* is therefore not known\.$/,
      ),
    ]);
  });

  it('35: a training of another model or of other images is trained again although that is accepted', async () => {
    await cp(at('killed'), at('edited'), { recursive: true });
    const start = JSON.parse(await readFile(at('edited/experiment.json'), 'utf8'));
    start.experiment.members[0].alpha = 0.25;
    await writeFile(at('edited/experiment.json'), JSON.stringify(start));
    const warnings: string[] = [];
    const onWarning = (task: string, message: string) => void warnings.push(`${task}: ${message}`);
    const { report } = await train({}, { resume: at('edited'), force: true, observer: { onWarning } });
    expect(warnings).toEqual([
      'wide: wide was trained by another plan: member.backbone.alpha was 0.5, is now 0.25. It is trained again.',
    ]);
    expect(report.members.map(({ trainings: [training] }) => training!.resumed)).toEqual([false, true]);
    const lines = (await readFile(at('edited/metrics.jsonl'), 'utf8')).trim().split('\n');
    const restarts = lines.map((line) => JSON.parse(line)).filter(({ restarted }) => restarted);
    expect(restarts.at(-1)).toMatchObject({ task: 'wide', epochIndex: 0 });
    warnings.length = 0;
    // A finished run is not changed, whatever its images are by now.
    await rm(at('edited/report.json'));
    await cp(join(data, 'train/stars/stars-00002.png'), join(data, 'train/stars/stars-99999.png'));
    try {
      const other = await train({}, { resume: at('edited'), force: true, observer: { onWarning } });
      expect(other.report.members.map(({ trainings: [training] }) => training!.resumed)).toEqual([false, false]);
      expect(other.report.edits.at(-1)).toMatch(/^images in .*: the class "stars" had 36 images, has now 37$/);
      expect(warnings.toSorted()).toEqual(
        ['thin', 'wide'].map(
          (name) => `${name}: ${name} was trained by another plan: fit was 31, is now 32. It is trained again.`,
        ),
      );
    } finally {
      await rm(join(data, 'train/stars/stars-99999.png'));
    }
  });

  it('keeps a training of an earlier version, whose record has no plan', async () => {
    await changeRecord('killed/members/thin/holdout', ({ plan: _, ...record }) => record);
    await rm(at('killed/report.json'));
    const { report } = await train({}, { resume: at('killed') });
    expect(report.members.map(({ trainings }) => trainings[0]!.resumed)).toEqual([true, true]);
  });

  it('does not keep a training that started from other weights', async () => {
    const weights = { source: 'elsewhere.h5', sha256: 'a'.repeat(64) };
    await changeRecord('killed/members/thin/holdout', (record) => ({ ...record, weights }));
    await rm(at('killed/report.json'), { force: true });
    const warnings: string[] = [];
    const onWarning = (task: string, message: string) => void warnings.push(`${task}: ${message}`);
    const { report } = await train({}, { resume: at('killed'), observer: { onWarning } });
    expect(warnings).toEqual(['thin: thin started from other weights (elsewhere.h5). It is trained again.']);
    expect(report.members.map(({ trainings }) => trainings[0]!.resumed)).toEqual([true, false]);
  });
});

describe('a training in progress, with a schedule and averages', () => {
  // Many steps, so that the last one is not over when a stop is requested at the first one.
  const experiment: Partial<ExperimentInput> = {
    ...small(),
    recipe: {
      batchSize: 16,
      microBatchSize: 12,
      whole: {
        epochCount: 4,
        learningRate: 0.05,
        schedule: { kind: 'cosine' },
        optimizer: { kind: 'sgd' },
        layerDecay: 0.9,
        clipNorm: 1,
        emaMomentum: 0.8,
      },
    },
  };
  const place = 'checkpoints/slim/holdout';
  let whole: Steps;
  /** Of the first part of `paused`; `damaged` starts as a copy of it. */
  let first: Steps;

  /** Number of steps of each member. */
  type Steps = Record<'wide' | 'slim', number>;

  /** Runs, and stops after the first step or epoch of the last member if asked to; returns what the run reports of it. */
  async function run(input: Partial<ExperimentInput>, options: TrainOptions, stopAfter?: 'step' | 'epoch') {
    const controller = new AbortController();
    const [continued, warnings]: [unknown[], string[]] = [[], []];
    const steps: Steps = { wide: 0, slim: 0 };
    const ended = train(input, {
      ...options,
      signal: controller.signal,
      observer: {
        onBatch(task, { stage }) {
          if (stage === 'features') return;
          steps[task as keyof Steps] += 1;
          if (stopAfter === 'step' && task === 'slim') controller.abort();
        },
        onEpoch: ({ member }) => stopAfter === 'epoch' && member === 'slim' && controller.abort(),
        onContinue: (...one) => continued.push(one),
        onWarning: (task, message) => void warnings.push(`${task}: ${message}`),
      },
    });
    if (stopAfter !== undefined) await expect(ended).rejects.toThrow(StoppedError);
    else await ended;
    return { steps, continued, warnings };
  }

  /** The numbers of a run, without times, and without what says that it was resumed. */
  async function leftIn(folder: string) {
    const text = (file: string) => readFile(at(`${folder}/${file}`), 'utf8');
    const varying = /seconds$|Ms$|Bytes$|^(lanesBusy|resumed|tasks|spans|compiled)$/i;
    const lasting = (json: string) =>
      JSON.parse(json, (key, value: unknown) => (varying.test(key) ? undefined : value)) as Record<string, unknown>;
    const epochs = (await text('metrics.jsonl')).trim().split('\n').map(lasting);
    return {
      predictions: await text('predictions.csv'),
      report: lasting(await text('report.json')),
      epochs: epochs.map((epoch) => JSON.stringify(epoch)),
    };
  }

  beforeAll(async () => {
    whole = (await run(experiment, { out: at('undisturbed') })).steps;
    first = (await run(experiment, { out: at('paused') }, 'step')).steps;
    await cp(at('paused'), at('damaged'), { recursive: true });
  });

  it('continues at the batch at which it was stopped, and gives the same numbers as without a stop', async () => {
    expect(await readdir(at(`paused/${place}`))).toEqual(['checkpoint-1']);
    const { steps, continued, warnings } = await run({}, { resume: at('paused') });
    expect(continued).toEqual([['slim', expect.objectContaining({ stage: 'whole', next: expect.any(Object) })]]);
    expect(warnings).toEqual([]);
    // Steps after the stop was requested are not reported in the first part.
    expect(first.slim).toBeGreaterThan(0);
    expect(steps.slim).toBeLessThan(whole.slim);
    expect(existsSync(at('paused/checkpoints'))).toBe(false);
    expect(await readFile(at('paused/metrics.jsonl'), 'utf8')).not.toContain('"restarted"');
    expect(await leftIn('paused')).toEqual(await leftIn('undisturbed'));
  });

  it('gives the same predictions as without a stop if it was stopped after an epoch', async () => {
    await run(experiment, { out: at('after-epoch') }, 'epoch');
    const { continued } = await run({}, { resume: at('after-epoch') });
    expect(continued).toHaveLength(1);
    const [{ predictions }, undisturbed] = [await leftIn('after-epoch'), await leftIn('undisturbed')];
    expect(predictions).toBe(undisturbed.predictions);
  });

  it('34: continues from the checkpoint before a damaged one', async () => {
    await run({}, { resume: at('damaged') }, 'step');
    expect((await readdir(at(`damaged/${place}`))).toSorted()).toEqual(['checkpoint-1', 'checkpoint-2']);
    const path = at(`damaged/${place}/checkpoint-2/optimizer.bin`);
    const bytes = await readFile(path);
    bytes[100]! ^= 1;
    await writeFile(path, bytes);
    const { steps, continued, warnings } = await run({}, { resume: at('damaged') });
    expect(warnings).toEqual([
      expect.stringMatching(/^slim: .*optimizer\.bin is damaged: .* The checkpoint before it is used\.$/),
    ]);
    expect(continued).toHaveLength(1);
    expect(steps.slim).toBeLessThan(whole.slim);
    const [{ predictions }, undisturbed] = [await leftIn('damaged'), await leftIn('undisturbed')];
    expect(predictions).toBe(undisturbed.predictions);
  });

  it('28: continues from its last checkpoint after a kill', async () => {
    const out = at('killed-in-training');
    const checkpoint = JSON.stringify(`${out}/checkpoints/wide/holdout/checkpoint-1`);
    const observer = `onBatch: () => fs.existsSync(${checkpoint}) && process.kill(process.pid, 'SIGKILL')`;
    const killed = killedRun({ ...experiment, checkpointMinutes: 0 }, out, observer);
    expect(await killed).toBe('SIGKILL');
    const { steps, continued } = await run({}, { resume: out });
    expect(continued).toHaveLength(1);
    expect(steps.wide).toBeLessThan(whole.wide);
    const [{ predictions }, undisturbed] = [await leftIn('killed-in-training'), await leftIn('undisturbed')];
    expect(predictions).toBe(undisturbed.predictions);
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

/** Runs in a separate process, with an observer that kills it; returns the signal that ended it. */
function killedRun(
  experiment: Partial<ExperimentInput>,
  out: string,
  observer: string,
): Promise<NodeJS.Signals | null> {
  const script = `import fs from 'node:fs';
    import { train } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
    await train(${JSON.stringify(experiment)}, { out: ${JSON.stringify(out)}, observer: { ${observer} } });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'inherit' });
  return new Promise((done) => child.on('exit', (_, signal) => done(signal)));
}
