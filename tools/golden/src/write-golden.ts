/** `pnpm golden [--only NAME,NAME]`: computes the reference numbers of the tests with Keras or timm and writes them to `backbones/`. */
import { join } from 'node:path';
import { withTemporaryFolder } from '@chorus/storage';
import { chooseCasesOrExit } from './choose-cases.ts';
import { computeReference } from './compute-reference.ts';
import { scriptsFolder } from './python.ts';

const chosen = chooseCasesOrExit();
await withTemporaryFolder('chorus-parity', async (folder) => {
  for (const golden of chosen) {
    const out = join(scriptsFolder, 'backbones');
    await computeReference(golden, { workFolder: folder, out, tensors: 'summaries' });
    console.log(golden.name);
  }
});
