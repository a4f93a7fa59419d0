/** Summarizes a data set in figures. Pure: it only counts what `openDataset` found. */
import { trainingImages } from '@chorus/data';
import { dimensionsOf, formatsOf } from '../report/image-sizes.ts';
import type { Dataset } from '../run/dataset.ts';
import type { DatasetSection } from './schema.ts';

/**
 * Describes a data set as a run would use it.
 *
 * @param inputSize the members' largest input size, in pixels.
 */
export function describeDataset(dataset: Dataset, inputSize: number): DatasetSection {
  const { name, root, classes, images, split, info, skipped, duplicates, found } = dataset;
  const isDrawn = split.folds.length > 0;
  const training = new Set(isDrawn ? trainingImages(split) : []);
  const test = new Set(split.test);
  const indices = [...images.keys()];
  const leftOut = new Set(duplicates.flatMap((group) => group.leftOut));
  const isUsable = (index: number) => info[index] != null && !leftOut.has(images[index]!.relativePath);
  const byLabel = groupBy(indices, (index) => images[index]!.label);
  const [fold] = split.folds;
  return {
    name,
    root,
    layout: images.some(({ role }) => role !== null) ? 'splits' : 'classes',
    roles: (['train', 'tune', 'test'] as const).flatMap((role) => {
      const found = images.filter((image) => image.role === role).length;
      return found === 0 ? [] : [{ role, found }];
    }),
    found: images.length,
    usable: indices.filter(isUsable).length,
    classes: classes.map((className, label) => {
      const own = byLabel.get(label) ?? [];
      return {
        name: className,
        found: own.length,
        usable: own.filter(isUsable).length,
        training: isDrawn ? own.filter((index) => training.has(index)).length : null,
        test: isDrawn ? own.filter((index) => test.has(index)).length : null,
      };
    }),
    sets:
      fold === undefined
        ? null
        : {
            trainingsPerMember: split.folds.length,
            fit: fold.fit.length,
            tune: fold.tune.length,
            outOfFold: fold.outOfFold.length,
            test: split.test.length,
          },
    formats: formatsOf(dataset),
    dimensions: dimensionsOf(dataset, inputSize),
    skipped,
    hidden: found.hidden.length,
    notices: [...found.notices],
    copies: { pictures: duplicates.length, leftOut: leftOut.size },
    duplicates: duplicates
      .filter(({ splits }) => splits.length > 1)
      .map(({ paths, splits }) => ({ paths: [...paths], splits: [...splits] })),
    contradictions: duplicates
      .filter(({ labels }) => labels.length > 1)
      .map(({ paths, labels }) => ({ paths: [...paths], classes: [...labels] })),
  };
}

// --- internal ---

function groupBy<Key>(indices: readonly number[], keyOf: (index: number) => Key): Map<Key, number[]> {
  const groups = new Map<Key, number[]>();
  for (const index of indices) {
    const group = groups.get(keyOf(index));
    if (group === undefined) groups.set(keyOf(index), [index]);
    else group.push(index);
  }
  return groups;
}
