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
 * The article has 2,000 and 1,000 images at 224 px and 20 epochs of everything. Ten of the stack are not in that proportion to
 * three of the members, so the total is also given with three.
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
    title: `${images.train} images and ${images.validation} that are watched, ${inputSize} px, epochs: ${memberEpochs} of the members, ${stackEpochs} of the stack`,
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
      `The stack stage of Keras runs the frozen members anew in each epoch, as the article does; in Chorus they answer once. Chorus' total hardly depends on the stack's epochs: with ${memberEpochs} of them Keras' is "total, stack as short".`,
      'Head alone: one fit on answers that are there; in Keras by fit (not a part of the total), in Chorus the mean of six (five folds and all), the scores between them included.',
      "Chorus' members train side by side on lanes: a moment counts for the members or for the stack by the share of the lanes at work that train or answer.",
      'One seed, random weights, drawn photographs: seconds mean something here, accuracies do not.',
    ],
  };
}

/** The preset itself; what is shorter than the article is said. */
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

/** Files that differ; the others are their copies. */
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
