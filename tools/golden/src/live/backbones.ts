import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GoldenCase } from '../cases.ts';
import { checkFeatures, checkParameters, checkTraining } from '../checks.ts';
import type { Finding } from '../finding.ts';
import { runScript } from '../python.ts';
import { readReference } from '../reference.ts';
import { ways } from '../way.ts';

/** Compares a backbone with Keras, tensor by tensor. */
export async function compareBackbone(python: string, golden: GoldenCase, folder: string): Promise<Finding[]> {
  const description = join(folder, `${golden.name}.cases.json`);
  writeFileSync(description, JSON.stringify([golden]));
  await runScript(python, 'backbones.py', [description, folder, 'whole']);
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
