import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GoldenCase, isKerasCase } from './cases.ts';
import { prepareGoldenPython, prepareTimmPython, runScript } from './python.ts';

/**
 * Computes the reference numbers of a case with the library that has its backbone, and writes them to `out`.
 *
 * @param options `workFolder`: for the description of the case; `tensors`: as in backbones.py.
 */
export async function computeReference(
  golden: GoldenCase,
  { workFolder, out, tensors }: { workFolder: string; out: string; tensors: 'summaries' | 'whole' },
): Promise<void> {
  const description = join(workFolder, `${golden.name}.cases.json`);
  writeFileSync(description, JSON.stringify([golden]));
  const [python, script] = isKerasCase(golden)
    ? [await prepareGoldenPython(), 'backbones.py']
    : [await prepareTimmPython(), 'timm_backbones.py'];
  await runScript(python, script, [description, out, tensors]);
}
