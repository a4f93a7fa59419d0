import { expect, it, test } from 'vitest';
import { fastestOf } from '../rounds/fastest.ts';
import { freshTurns } from '../rounds/fresh-turns.ts';
import { pairedRounds } from '../rounds/paired-rounds.ts';
import { type Contestant, ContestantProcess } from './contestant-process.ts';
import type { ModelTask } from './model-task.ts';
import { chorus } from './peers.ts';

/** A contestant that says the same whatever it is asked. */
function saying(name: string, script: string): Contestant {
  return { name, command: [process.execPath, '-e', script], task: {} };
}

/** One whose steps take no time, and are said to take some. */
function pretending(name: string, seconds: number): Contestant {
  return saying(
    name,
    `require('node:readline').createInterface(process.stdin).on('line', (line) => console.log(JSON.stringify(
      'steps' in JSON.parse(line) ? { seconds: { step: ${seconds} } } : { prepared: { versions: {}, stepSeconds: ${seconds} } })))`,
  );
}

const silent = { roundSeconds: 1, onProgress() {} };

test.each<[string, string, RegExp]>([
  [
    'that fails',
    'console.error("no module named keras"); process.exit(1)',
    /^Keras: ended with 1\nno module named keras$/,
  ],
  ['that is killed', 'process.kill(process.pid, "SIGKILL")', /^Keras: ended with SIGKILL/],
  ['that says something else', 'console.log("Hello.")', /^Keras: Expected .* received Hello\./],
  ['that answers another question', 'console.log(`{"seconds": {}}`)', /^Keras: answered .* when asked to prepare/],
])('a contestant %s is an error with its name', async (_, script, message) => {
  const contestant = new ContestantProcess(saying('Keras', script));
  await expect(contestant.prepare()).rejects.toThrow(message);
  await contestant.close();
});

it('is an error when the program is not there', async () => {
  const contestant = new ContestantProcess({ name: 'Keras', command: ['/nowhere/python'], task: {} });
  await expect(contestant.prepare()).rejects.toThrow(/^Keras: .*ENOENT/);
  await contestant.close();
});

it('is ended when it is not ready in time', async () => {
  const contestant = new ContestantProcess(saying('Keras', 'setInterval(() => {}, 1000)'));
  await expect(contestant.prepare(50)).rejects.toThrow('Keras: ended with SIGKILL');
  await contestant.close();
});

it('takes every contestant through every round, and looks at its memory', async () => {
  const told: string[] = [];
  const contestants = [pretending('Chorus', 0.5), pretending('Keras', 0.75)];
  const { measurements, prepared } = await pairedRounds(contestants, [], {
    ...{ roundCount: 3, roundSeconds: 1 },
    onProgress: (words) => told.push(words),
  });
  expect(measurements.filter(({ quantity }) => quantity === 'step')).toEqual([
    { contestant: 'Chorus', quantity: 'step', unit: 's', samples: [0.5, 0.5, 0.5] },
    { contestant: 'Keras', quantity: 'step', unit: 's', samples: [0.75, 0.75, 0.75] },
  ]);
  expect(Object.keys(prepared)).toEqual(['Chorus', 'Keras']);
  expect(told).toContain('round 3 of 3, 2 steps each');
  if (process.platform === 'linux') {
    const peaks = measurements.filter(({ unit }) => unit === 'MB');
    expect(peaks).toHaveLength(2);
    // A node takes 30 MB and more.
    for (const { samples } of peaks) expect(samples[0]).toBeGreaterThan(20);
  }
});

it.runIf(process.platform === 'linux')('leaves for later whom memory does not hold beside the others', async () => {
  const names = ['Chorus', 'Keras', 'PyTorch', 'onnxruntime'];
  const [ours, ...others] = names.map((name) => pretending(name, 1));
  const prepare = (availableBytes: number) =>
    pairedRounds([ours!], others, { ...silent, roundCount: 1, availableBytes: () => availableBytes });
  const { prepared, left } = await prepare(0);
  expect(Object.keys(prepared)).toEqual(['Chorus', 'Keras']);
  expect(left.map(({ name }) => name)).toEqual(['PyTorch', 'onnxruntime']);
  expect((await prepare(1e12)).left).toEqual([]);
});

it('takes a new process for each turn, where told', async () => {
  const counting = `let turns = 0;
    require('node:readline').createInterface(process.stdin).on('line', (line) => console.log(JSON.stringify(
      'steps' in JSON.parse(line) ? { seconds: { total: ++turns } } : { prepared: { versions: {}, stepSeconds: null } })))`;
  const told: string[] = [];
  const { measurements } = await freshTurns([saying('one', counting), saying('two', counting)], {
    roundCount: 2,
    onProgress: (words) => told.push(words),
  });
  expect(measurements.filter(({ unit }) => unit === 's').map(({ samples }) => samples)).toEqual([
    [1, 1],
    [1, 1],
  ]);
  expect(told).toEqual(['round 1 of 2: one', 'round 1 of 2: two', 'round 2 of 2: two', 'round 2 of 2: one']);
});

it('picks the fastest of several ways, and passes over one that fails', async () => {
  const ways = [
    pretending('slow', 2),
    saying('broken', 'console.error("no XLA"); process.exit(1)'),
    pretending('fast', 1),
  ];
  const { contestant, remarks } = await fastestOf('Keras', ways, silent);
  expect(contestant.name).toBe('fast');
  expect(remarks).toEqual(['Keras, tried: slow 2.00 s; broken failed (no XLA); fast 1.00 s']);
  await expect(fastestOf('Keras', [ways[1]!, ways[1]!], silent)).rejects.toThrow(
    'Keras, tried: broken failed (no XLA)',
  );
});

const smallest: ModelTask = {
  work: 'train',
  backbone: 'mobilenet-v2',
  inputSize: 32,
  batchSize: 2,
  seed: 1,
  threads: 1,
};

it.each<ModelTask>([smallest, { ...smallest, work: 'predict', batchSize: 1 }])(
  'Chorus takes part: %j',
  async (task) => {
    for (const contestant of chorus(task)) {
      const started = new ContestantProcess(contestant);
      const { parameterCount } = await started.prepare();
      // As Keras and PyTorch have it.
      expect(parameterCount).toBe(2_223_872);
      expect((await started.round(2)).step).toBeGreaterThan(0);
      await started.close();
    }
  },
);
