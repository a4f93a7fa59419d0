/** Warnings about a data set: problems that a run accepts, and their consequences. */
import { wilson95 } from '@chorus/evaluation';
import type { DatasetSection } from './schema.ts';

/** Warn about classes with fewer usable images than this. */
const fewImages = 20;
/** Warn when the largest class has at least this many times as many images as the smallest. */
const imbalance = 5;
/** Warn when more than this share of the images has unusual dimensions. */
const oddShare = 0.05;
/** With at least this many test images, the confidence interval of an accuracy needs no warning. */
const enoughTestImages = 100;

/** Warnings about a data set, the most serious first. */
export function warningsAbout(dataset: DatasetSection): string[] {
  return [
    ...contradictions(dataset),
    ...duplicates(dataset),
    ...unused(dataset),
    ...smallClasses(dataset),
    ...fewTestImages(dataset),
    ...unequalClasses(dataset),
    ...shapes(dataset),
  ];
}

/** The warnings that a run does not report elsewhere. */
export function warningsAboutClasses(dataset: DatasetSection): string[] {
  return [...smallClasses(dataset), ...unequalClasses(dataset)];
}

// --- internal ---

function contradictions({ contradictions: found }: DatasetSection): string[] {
  if (found.length === 0) return [];
  return [`${plural(found.length, 'picture')} with several labels: at least one label is wrong`];
}

function duplicates({ duplicates: found }: DatasetSection): string[] {
  if (found.length === 0) return [];
  return [
    `${plural(found.length, 'picture')} in several sets of the split: training images leak into the tune, stack or test set`,
  ];
}

function unused({ skipped }: DatasetSection): string[] {
  const unexpected = skipped.filter(({ kind }) => kind !== 'excluded');
  return unexpected.length === 0 ? [] : [`${plural(unexpected.length, 'entry', 'entries')} not used`];
}

function smallClasses({ classes, sets }: DatasetSection): string[] {
  return classes
    .filter(({ usable }) => usable < fewImages)
    .map(({ name, usable, training, test }) => {
      const split = sets === null ? '' : ` (${training} to train on, ${test} to test)`;
      return `class "${name}" has ${plural(usable, 'image')}${split}, fewer than ${fewImages}: the result may depend strongly on the seed${
        test === null || test === 0
          ? ''
          : `, and each test image accounts for ${Math.round(100 / test)} % of its recall`
      }`;
    });
}

function fewTestImages({ sets }: DatasetSection): string[] {
  if (sets === null || sets.test >= enoughTestImages || sets.test === 0) return [];
  const correct = Math.floor(0.9 * sets.test);
  const [low, high] = wilson95(correct, sets.test);
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  return [
    `${plural(sets.test, 'test image')}: if ${correct} are classified correctly, the true accuracy is between ${percent(low)} and ${percent(high)} (95 % interval)`,
  ];
}

function unequalClasses({ classes }: DatasetSection): string[] {
  const sorted = classes.toSorted((a, b) => a.usable - b.usable);
  const [smallest, largest] = [sorted[0]!, sorted.at(-1)!];
  if (smallest.usable === 0 || largest.usable < imbalance * smallest.usable) return [];
  const all = classes.reduce((sum, { usable }) => sum + usable, 0);
  return [
    `class "${largest.name}" has ${Math.round(largest.usable / smallest.usable)} times as many images as "${smallest.name}": always predicting "${largest.name}" would be correct for ${((100 * largest.usable) / all).toFixed(0)} % of the images, so check the recall of each class`,
  ];
}

function shapes({ dimensions, usable }: DatasetSection): string[] {
  if (dimensions === null) return [];
  const { belowInputSize, elongated } = dimensions;
  const isWorthSaying = (count: number) => count > oddShare * usable;
  return [
    ...(isWorthSaying(belowInputSize)
      ? [`${plural(belowInputSize, 'image')} smaller than the input size, which will be enlarged`]
      : []),
    ...(isWorthSaying(elongated)
      ? [
          `${plural(elongated, 'image')} with one side more than three times the other, which will be distorted to a square`,
        ]
      : []),
  ];
}

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
