import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareExperiment } from '@chorus/orchestration';
import { compare } from '../comparison.ts';
import type { Contestant } from '../contestants/contestant-process.ts';
import { nodeCommand, scriptsFolder } from '../contestants/peers.ts';
import { drawPhotographs } from '../photographs.ts';
import { freshTurns } from '../rounds/fresh-turns.ts';
import { measurementOf } from '../rounds/rounds.ts';
import { peakMemory } from '../rounds/samples.ts';
import type { CaseResult, Row, RowOptions } from '../row.ts';

interface ArticleSize {
  images: { train: number; validation: number };
  inputSize: number;
  memberEpochs: number;
  stackEpochs: number;
}

/**
 * The article uses 2,000 and 1,000 images at 224 px and 20 epochs for members and stack alike. Ten epochs of the stack are
 * out of proportion to three of the members, so the total is also reported with three.
 */
const whole: ArticleSize = {
  images: { train: 1000, validation: 500 },
  inputSize: 160,
  memberEpochs: 3,
  stackEpochs: 10,
};

const quick: ArticleSize = {
  images: { train: 64, validation: 32 },
  inputSize: 80,
  memberEpochs: 1,
  stackEpochs: 2,
};

export const article: Row = {
  name: 'article',
  title: "the article's procedure end to end: three members with random weights, then the stack",
  // A round takes tens of minutes.
  roundCount: { whole: 1, quick: 1 },
  minutes: { whole: 22, quick: 1 },
  async *measure(options) {
    const python = await options.python();
    yield await articleCase(options.quick ? quick : whole, python, options);
  },
};

// --- internal ---

async function articleCase(
  size: ArticleSize,
  python: string,
  { roundCount, folder, onProgress }: RowOptions,
): Promise<CaseResult> {
  const { images, inputSize, memberEpochs, stackEpochs } = size;
  onProgress('drawing photographs');
  await drawTwoClasses(folder, images);
  const [ours, plain] = [await chorusArticle(size, folder), kerasArticle(python, size, folder)];
  const rounds = await freshTurns([ours, plain], { roundCount, onProgress });
  const of = (contestant: Contestant, quantity: string) => measurementOf(rounds, contestant.name, quantity);
  const stage = (quantity: string, ...goals: Parameters<typeof compare>[3] & object) =>
    compare('speed', of(ours, quantity), of(plain, quantity), goals);
  return {
    title: `${images.train} training and ${images.validation} validation images, ${inputSize} px, epochs: ${memberEpochs} of the members, ${stackEpochs} of the stack`,
    contestants: rounds.prepared,
    measurements: rounds.measurements,
    comparisons: [
      stage('decode'),
      stage('members'),
      stage('stack stage', { bound: 'at least', ratio: 8 }),
      stage('head alone', { bound: 'at least', ratio: 100 }),
      stage('total', { bound: 'at least', ratio: 2.2 }, { bound: 'at least', ratio: 2.5, stretch: true }),
      {
        ...compare('speed', of(ours, 'total'), of(plain, 'total, stack as short')),
        quantity: `total, ${memberEpochs} ${memberEpochs === 1 ? 'epoch' : 'epochs'} of the stack`,
      },
      ...(process.platform === 'linux' ? [compare('memory', of(ours, peakMemory), of(plain, peakMemory))] : []),
    ],
    remarks: [
      `The stack stage of Keras runs the frozen members again in each epoch, as the article does; in Chorus they predict once. The total of Chorus hardly depends on the stack's epochs; for ${memberEpochs} of them, compare with "total, stack as short" of Keras.`,
      'Head alone: one fit on cached predictions; in Keras by fit (not part of the total), in Chorus the mean of six fits (five folds and all images), including the scoring between them.',
      "Chorus's members train concurrently on lanes: time is attributed to the members or the stack by the fraction of busy lanes that train or predict.",
      'One seed, random weights, synthetic photographs: only the times are meaningful, not the accuracies.',
    ],
  };
}

/** The preset, with explicit overrides where the run is shorter than the article's. */
async function chorusArticle(size: ArticleSize, folder: string): Promise<Contestant> {
  const { experiment } = await prepareExperiment({
    preset: 'article',
    assignments: [
      `inputSize=${size.inputSize}`,
      `recipe.whole.epochCount=${size.memberEpochs}`,
      `stackers.dense.epochCount=${size.stackEpochs}`,
    ],
    data: folder,
    weights: 'random',
    workers: undefined,
    base: folder,
    environment: {},
  });
  return { name: 'Chorus, preset article', command: nodeCommand('experiment'), task: { experiment } };
}

function kerasArticle(
  python: string,
  { inputSize, memberEpochs, stackEpochs }: ArticleSize,
  folder: string,
): Contestant {
  return {
    name: 'Keras, as the article',
    command: [python, join(scriptsFolder, 'article_peer.py')],
    task: { folder, inputSize, memberEpochs, stackEpochs, seed: 1 },
  };
}

/** Number of distinct files; the others are copies. */
const drawnCount = 32;

async function drawTwoClasses(folder: string, images: ArticleSize['images']): Promise<void> {
  const drawn = await drawPhotographs(join(folder, '.drawn'), { count: drawnCount, width: 500, height: 375, seed: 1 });
  for (const [part, count] of Object.entries(images))
    for (const [label, name] of ['a', 'b'].entries()) {
      const place = join(folder, part, name);
      await mkdir(place, { recursive: true });
      for (let index = 0; index < count / 2; index += 1)
        await copyFile(drawn[(2 * index + label) % drawnCount]!, join(place, `${index}.jpg`));
    }
}
