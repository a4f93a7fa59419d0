import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compare } from '../comparison.ts';
import type { Contestant } from '../contestants/contestant-process.ts';
import { nodeCommand, scriptsFolder } from '../contestants/peers.ts';
import type { StackerTask } from '../contestants/stacker-task.ts';
import { freshTurns } from '../rounds/fresh-turns.ts';
import { measurementOf } from '../rounds/rounds.ts';
import type { CaseResult, Row, RowOptions } from '../row.ts';

type Size = Pick<StackerTask, 'memberCount' | 'rowCount' | 'classCount'>;

const cases: readonly Size[] = [
  { memberCount: 3, rowCount: 1000, classCount: 100 },
  { memberCount: 2, rowCount: 150, classCount: 150 },
];

/** Epochs of the fit without early stopping. */
const epochCount = 100;

export const stackers: Row = {
  name: 'stackers',
  title: "a dense stacker of many classes, compared with scikit-learn's MLPClassifier with the same layers",
  roundCount: { whole: 5, quick: 2 },
  minutes: { whole: 2, quick: 1 },
  async *measure(options) {
    const python = await options.python();
    for (const size of options.quick ? cases.slice(0, 1) : cases) yield await stackerCase(size, python, options);
  },
};

// --- internal ---

async function stackerCase(
  size: Size,
  python: string,
  { roundCount, folder, onProgress }: RowOptions,
): Promise<CaseResult> {
  const { memberCount, rowCount, classCount } = size;
  const logits = join(folder, `logits-${classCount}`);
  await writeFile(logits, drawLogits(size));
  const task: StackerTask = { ...size, logits, epochCount };
  const ours: Contestant = { name: 'Chorus', command: nodeCommand('stackers'), task };
  const peer: Contestant = { name: 'scikit-learn', command: [python, join(scriptsFolder, 'sklearn_peer.py')], task };
  const rounds = await freshTurns([ours, peer], { roundCount, onProgress });
  const time = (quantity: string) =>
    compare('time', measurementOf(rounds, ours.name, quantity), measurementOf(rounds, peer.name, quantity), [
      { bound: 'at most', ratio: 1 },
    ]);
  return {
    title: `${rowCount} images, ${classCount} classes, ${memberCount} members`,
    contestants: rounds.prepared,
    measurements: rounds.measurements,
    comparisons: [time('fit'), time('epoch')],
    remarks: [
      `Batches of 32, Adam at 0.001, at most 1,000 epochs. A fit stops after 50 epochs without improvement on a fifth of the images: of their loss in Chorus, of their accuracy in scikit-learn. An epoch is the mean of ${epochCount} on all images.`,
    ],
  };
}

/** Logits of imperfect members: noise, with a higher value for the true class. */
function drawLogits({ memberCount, rowCount, classCount }: Size): Float32Array {
  let state = 1;
  // The generator of Numerical Recipes; the sum of four draws is nearly normal.
  const draw = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  return Float32Array.from({ length: memberCount * rowCount * classCount }, (_, index) => {
    const row = Math.floor(index / classCount) % rowCount;
    const isTrue = index % classCount === row % classCount;
    return Math.sqrt(3) * (draw() + draw() + draw() + draw()) + (isTrue ? 2.5 : 0);
  });
}
