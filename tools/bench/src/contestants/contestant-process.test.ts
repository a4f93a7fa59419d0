import { expect, it, test } from 'vitest';
import { fastestOf } from '../rounds/fastest.ts';
import { freshTurns } from '../rounds/fresh-turns.ts';
import { pairedRounds } from '../rounds/paired-rounds.ts';
import { type Contestant, ContestantProcess } from './contestant-process.ts';
import type { ModelTask } from './model-task.ts';
import { chorus } from './peers.ts';

/** A contestant that runs a fixed script. */
function saying(name: string, script: string): Contestant {
  return { name, command: [process.execPath, '-e', script], task: {} };
}

/** A contestant that reports a fixed time per step without computing anything. */
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
  ['that violates the protocol', 'console.log("Hello.")', /^Keras: Expected .* received Hello\./],
  ['that answers another request', 'console.log(`{"seconds": {}}`)', /^Keras: answered .* when asked to prepare/],
])('a contestant %s is an error with its name', async (_, script, message) => {
  const contestant = new ContestantProcess(saying('Keras', script));
  await expect(contestant.prepare()).rejects.toThrow(message);
  await contestant.close();
});

it('throws if the program does not exist', async () => {
  const contestant = new ContestantProcess({ name: 'Keras', command: ['/nowhere/python'], task: {} });
  await expect(contestant.prepare()).rejects.toThrow(/^Keras: .*ENOENT/);
  await contestant.close();
});

it('kills a contestant that is not ready in time', async () => {
  const contestant = new ContestantProcess(saying('Keras', 'setInterval(() => {}, 1000)'));
  await expect(contestant.prepare(50)).rejects.toThrow('Keras: ended with SIGKILL');
  await contestant.close();
});

it('runs every contestant in every round and measures its memory', async () => {
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
    // A node process takes at least 30 MB.
    for (const { samples } of peaks) expect(samples[0]).toBeGreaterThan(20);
  }
});

it.runIf(process.platform === 'linux')('defers contestants that do not fit into memory', async () => {
  const names = ['Chorus', 'Keras', 'PyTorch', 'onnxruntime'];
  const [ours, ...others] = names.map((name) => pretending(name, 1));
  const prepare = (availableBytes: number) =>
    pairedRounds([ours!], others, { ...silent, roundCount: 1, availableBytes: () => availableBytes });
  const { prepared, left } = await prepare(0);
  expect(Object.keys(prepared)).toEqual(['Chorus', 'Keras']);
  expect(left.map(({ name }) => name)).toEqual(['PyTorch', 'onnxruntime']);
  expect((await prepare(1e12)).left).toEqual([]);
});

it('freshTurns starts a new process for each turn', async () => {
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

it('selects the fastest variant and skips one that fails', async () => {
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
      // Equals the count of Keras and PyTorch.
      expect(parameterCount).toBe(2_223_872);
      expect((await started.round(2)).step).toBeGreaterThan(0);
      await started.close();
    }
  },
);
