import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { GoldenCase } from '../cases.ts';
import { checkFeatures, checkParameters, checkTraining } from '../checks.ts';
import { computeReference } from '../compute-reference.ts';
import type { Finding } from '../finding.ts';
import { readReference } from '../reference.ts';
import { ways } from '../way.ts';

/** Compares a backbone with Keras or timm, tensor by tensor. */
export async function compareBackbone(golden: GoldenCase, folder: string): Promise<Finding[]> {
  await computeReference(golden, { workFolder: folder, out: folder, tensors: 'whole' });
  const reference = readReference(folder, golden);
  rmSync(join(folder, `${golden.name}.bin`));
  const parameters = checkParameters(golden, reference);
  if (golden.numbers === undefined) return parameters;
  const { sizes } = golden.numbers;
  return [
    ...parameters,
    ...ways.flatMap((way) => [
      ...sizes.flatMap((inputSize) => checkFeatures(golden, inputSize, reference, way)),
      ...checkTraining(golden, 'all', reference, way),
      ...checkTraining(golden, 'suffix', reference, way),
    ]),
  ];
}
