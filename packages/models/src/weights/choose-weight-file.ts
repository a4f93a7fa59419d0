import { type BackboneFamily, backboneTable } from '../backbones/table.ts';

export interface WeightFileChoice {
  fileName: string;
  /** Input size in pixels that the file's weights were trained at. */
  trainedSize: number;
  /** Whether that is the size asked for. */
  exact: boolean;
}

/**
 * The keras-applications file for a family and alpha: of the sizes that are there, the nearest to the one asked for (of
 * two equally near ones, the larger).
 *
 * @param fileNames what the folder of weights holds; others are passed over.
 * @returns undefined when there is no file of this family and alpha.
 */
export function chooseWeightFile(
  family: BackboneFamily,
  alpha: number,
  inputSize: number,
  fileNames: readonly string[],
): WeightFileChoice | undefined {
  const { trainedSizes, weightFile } = backboneTable[family];
  const distance = (trainedSize: number) => Math.abs(trainedSize - inputSize);
  return trainedSizes
    .map((trainedSize) => ({
      fileName: weightFile(alpha, trainedSize).name,
      trainedSize,
      exact: trainedSize === inputSize,
    }))
    .filter(({ fileName }) => fileNames.includes(fileName))
    .toSorted((a, b) => distance(a.trainedSize) - distance(b.trainedSize) || b.trainedSize - a.trainedSize)[0];
}
