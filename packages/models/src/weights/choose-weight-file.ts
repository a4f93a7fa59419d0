import type { PublishedFile } from '../backbones/published-file.ts';
import { type VariantChoice, variantOf } from '../backbones/table.ts';

export interface WeightFileChoice {
  file: PublishedFile;
  /** Input size in pixels at which the file's weights were trained. */
  trainedSize: number;
  /** Whether that is the requested size. */
  exact: boolean;
}

/**
 * Chooses among a variant's published weight files the one trained at the input size nearest to the requested one; of two
 * equally near sizes, the larger.
 *
 * @param inputSize in pixels.
 * @param fileNames the files to choose from, such as those of a folder; others are ignored. By default all published ones.
 * @returns undefined if none of the variant's files is among them.
 */
export function chooseWeightFile(
  choice: VariantChoice,
  inputSize: number,
  fileNames?: readonly string[],
): WeightFileChoice | undefined {
  const distance = (trainedSize: number) => Math.abs(trainedSize - inputSize);
  const [nearest] = variantOf(choice)
    .weightFiles.filter(({ file }) => fileNames === undefined || fileNames.includes(file.name))
    .toSorted((a, b) => distance(a.trainedSize) - distance(b.trainedSize) || b.trainedSize - a.trainedSize);
  return nearest === undefined ? undefined : { ...nearest, exact: nearest.trainedSize === inputSize };
}
