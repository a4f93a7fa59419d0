/** `pnpm golden [--only NAME,NAME]`: computes the reference numbers of the tests with Keras and writes them to `backbones/`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withTemporaryFolder } from '@chorus/storage';
import { chooseCasesOrExit } from './choose-cases.ts';
import { prepareGoldenPython, runScript, scriptsFolder } from './python.ts';

const chosen = chooseCasesOrExit();
const python = await prepareGoldenPython();
await withTemporaryFolder('chorus-parity', async (folder) => {
  for (const golden of chosen) {
    const description = join(folder, 'cases.json');
    writeFileSync(description, JSON.stringify([golden]));
    await runScript(python, 'backbones.py', [description, join(scriptsFolder, 'backbones'), 'summaries']);
    console.log(golden.name);
  }
});
