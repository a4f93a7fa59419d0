#!/usr/bin/env node
/** Compares ensembles with other software on photographs: `pnpm compare [CASE…] --data DIR --weights DIR --folder DIR [--draws N] [--keras] [--fine-tuned N] [--autogluon] [--list]`; or one part at a time switched off: `--ablation`. */
import { join, resolve } from 'node:path';
import { publishFile } from '@chorus/storage';
import { ArgumentError } from './arguments.ts';
import { type AblationScore, ablate } from './compare/ablation.ts';
import { cases, type Photographs } from './compare/cases.ts';
import { type CompareArguments, parseCompareArguments } from './compare/compare-arguments.ts';
import { type CaseScore, type ContestantScore, compareCase } from './compare/compare-case.ts';
import { openImagePool } from './compare/image-pool.ts';
import { comparedMembers } from './compare/members.ts';
import { featuresOf } from './compare/pool-features.ts';
import type { Estimate } from './compare/score-draws.ts';
import { prepareBenchPython } from './python.ts';

try {
  await run(
    parseCompareArguments(
      process.argv.slice(2),
      cases.map(({ name }) => name),
    ),
  );
} catch (error) {
  console.error(`compare: ${error instanceof ArgumentError ? error.message : (error as Error).stack}`);
  process.exitCode = error instanceof ArgumentError ? 2 : 1;
}

// --- internal ---

async function run(chosen: CompareArguments): Promise<void> {
  if (chosen.list) {
    for (const { name, title, drawCount } of cases) console.log(`${name.padEnd(15)} ${title}, ${drawCount} draws`);
    return;
  }
  const { data, weights, folder } = chosen;
  if (data === undefined || weights === undefined || folder === undefined)
    throw new ArgumentError(
      'Expected --data DIR with train and validation, --weights DIR, and --folder DIR for results.',
    );
  const places = { data: fromCaller(data), weights: fromCaller(weights), folder: fromCaller(folder) };
  await (chosen.ablation ? runAblation(chosen, places) : runCases(chosen, places));
}

/** Absolute paths. */
interface Places {
  data: string;
  weights: string;
  folder: string;
}

async function runCases(chosen: CompareArguments, { data, weights, folder }: Places): Promise<void> {
  const { fineTunedCount, autogluon } = chosen;
  for (const one of cases.filter(({ name }) => chosen.cases.includes(name))) {
    const place = join(folder, one.name);
    const { pool, featuresIn } = await open(one.photographs, data, weights, folder);
    const score = await compareCase(one, {
      pool,
      features: { train: await featuresIn('train'), test: await featuresIn('test') },
      weights,
      folder: place,
      drawCount: chosen.drawCount ?? one.drawCount,
      ...{ fineTunedCount, autogluon },
      keras: chosen.keras ? await prepareBenchPython(onProgress) : undefined,
      onProgress,
    });
    await publishFile(join(place, 'score.json'), `${JSON.stringify(score, null, 2)}\n`);
    console.log(scoreText(score));
  }
}

async function runAblation({ drawCount = 3 }: CompareArguments, { data, weights, folder }: Places): Promise<void> {
  const { pool, featuresIn } = await open('cats and dogs', data, weights, folder);
  const place = join(folder, 'ablation');
  const features = await featuresIn('train');
  const score = await ablate({ pool, features, weights, folder: place, drawCount, onProgress });
  await publishFile(join(place, 'score.json'), `${JSON.stringify(score, null, 2)}\n`);
  console.log(ablationText(score.scores));
}

/** The photographs, and their features when they are needed. */
async function open(photographs: Photographs, data: string, weights: string, folder: string) {
  const place = join(folder, photographs.replaceAll(' ', '-'));
  const pool = await openImagePool(photographs, data, place);
  const featuresIn = (split: 'train' | 'test') =>
    featuresOf(comparedMembers(weights), pool[split], join(place, `features-${split}`), onProgress);
  return { pool, featuresIn };
}

function ablationText(scores: readonly AblationScore[]): string {
  return scores
    .map(({ title, accuracy, logLoss, difference }) =>
      [title.padEnd(50), shown(accuracy, 100, 2), shown(logLoss, 1, 4), ...differenceText(difference)].join('  '),
    )
    .join('\n');
}

function differenceText(difference: { accuracy: Estimate; logLoss: Estimate } | undefined): string[] {
  return difference === undefined ? [] : [shown(difference.accuracy, 100, 2), shown(difference.logLoss, 1, 4)];
}

function onProgress(words: string): void {
  console.error(words);
}

function scoreText({ title, drawCount, testImages, contestants, chosen, audits }: CaseScore): string {
  const lines = contestants.map(({ name, accuracy, logLoss, difference, seconds }: ContestantScore) =>
    [
      name.padEnd(38),
      shown(accuracy, 100, 2),
      shown(logLoss, 1, 4),
      ...differenceText(difference),
      ...(seconds === undefined ? [] : [`${seconds.toFixed(1)} s`]),
    ].join('  '),
  );
  return [
    `\n${title}; ${drawCount} draws, ${testImages} test images`,
    'balanced accuracy in percent and log loss, each with a 95 % interval; then Chorus minus the contestant; then seconds',
    ...lines,
    `chosen stackers: ${Object.entries(chosen)
      .map(([kind, count]) => `${kind} ${count}`)
      .join(', ')}`,
    ...audits.map(
      ({ name, precision, recall }) =>
        `wrong labels, ${name}: precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}`,
    ),
  ].join('\n');
}

function shown({ mean, interval: [low, high] }: Estimate, factor: number, digits: number): string {
  const text = (value: number) => (factor * value).toFixed(digits);
  return `${text(mean)} (${text(low)} to ${text(high)})`;
}

/** pnpm runs scripts in the project's root. */
function fromCaller(path: string): string {
  return resolve(process.env.INIT_CWD ?? process.cwd(), path);
}
