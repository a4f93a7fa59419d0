/** What a run accepts, and what to expect of it. */
import { wilson95 } from '@chorus/evaluation';
import type { DatasetSection } from './schema.ts';

/** Fewer usable images of a class are worth a warning. */
const fewImages = 20;
/** A class with so many times the images of another one is worth a warning. */
const imbalance = 5;
/** Images of odd dimensions are worth a warning from this share on. */
const oddShare = 0.05;
/** Test images from which the interval of an accuracy is narrow enough to be silent about. */
const enoughTestImages = 100;

/** Warnings about a data set, the gravest first. */
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

/** Those of them that a run does not report elsewhere. */
export function warningsAboutClasses(dataset: DatasetSection): string[] {
  return [...smallClasses(dataset), ...unequalClasses(dataset)];
}

// --- internal ---

function contradictions({ contradictions: found }: DatasetSection): string[] {
  if (found.length === 0) return [];
  return [`${plural(found.length, 'picture')} under several labels: at least one label is wrong`];
}

function duplicates({ duplicates: found }: DatasetSection): string[] {
  if (found.length === 0) return [];
  return [
    `${plural(found.length, 'picture')} in several sets of the split: the model is tested or stacked on what it was trained on`,
  ];
}

function unused({ skipped }: DatasetSection): string[] {
  return skipped.length === 0 ? [] : [`${plural(skipped.length, 'entry', 'entries')} not used`];
}

function smallClasses({ classes, sets }: DatasetSection): string[] {
  return classes
    .filter(({ usable }) => usable < fewImages)
    .map(({ name, usable, training, test }) => {
      const split = sets === null ? '' : ` (${training} to train on, ${test} to test)`;
      return `class "${name}" has ${plural(usable, 'image')}${split}, fewer than ${fewImages}: another seed may give a very different result${
        test === null || test === 0 ? '' : `, and each test image counts for ${Math.round(100 / test)} % of its recall`
      }`;
    });
}

function fewTestImages({ sets }: DatasetSection): string[] {
  if (sets === null || sets.test >= enoughTestImages || sets.test === 0) return [];
  const correct = Math.floor(0.9 * sets.test);
  const [low, high] = wilson95(correct, sets.test);
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  return [
    `${plural(sets.test, 'test image')}: if ${correct} are classified correctly, the accuracy is anywhere from ${percent(low)} to ${percent(high)} (95 % interval)`,
  ];
}

function unequalClasses({ classes }: DatasetSection): string[] {
  const sorted = classes.toSorted((a, b) => a.usable - b.usable);
  const [smallest, largest] = [sorted[0]!, sorted.at(-1)!];
  if (smallest.usable === 0 || largest.usable < imbalance * smallest.usable) return [];
  const all = classes.reduce((sum, { usable }) => sum + usable, 0);
  return [
    `class "${largest.name}" has ${Math.round(largest.usable / smallest.usable)} times as many images as "${smallest.name}": always answering "${largest.name}" is correct for ${((100 * largest.usable) / all).toFixed(0)} %, so look at the recall of each class`,
  ];
}

function shapes({ dimensions, usable }: DatasetSection): string[] {
  if (dimensions === null) return [];
  const { belowInputSize, elongated } = dimensions;
  const isWorthSaying = (count: number) => count > oddShare * usable;
  return [
    ...(isWorthSaying(belowInputSize)
      ? [`${plural(belowInputSize, 'image')} smaller than the input size, to be enlarged`]
      : []),
    ...(isWorthSaying(elongated)
      ? [`${plural(elongated, 'image')} more than three times as long as wide, to be squeezed to a square`]
      : []),
  ];
}

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
