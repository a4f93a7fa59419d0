// Edits the patch of the binding's C++ sources:
//   node scripts/edit-binding.mjs --out DIR   writes the patched sources to DIR
//   node scripts/edit-binding.mjs --in DIR    creates the patch and the manifest from the edited sources in DIR
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { sha256 } from '@chorus/storage';
import { createTwoFilesPatch } from 'diff';
import { manifestPath, patchPath, writeBindingSources } from '../dist/native/binding-sources.js';

const { values } = parseArgs({ options: { out: { type: 'string' }, in: { type: 'string' } } });
if (values.out !== undefined) await writeBindingSources(values.out);
else if (values.in !== undefined) await writePatch(values.in);
else {
  console.error('Expected --out DIR or --in DIR.');
  process.exitCode = 2;
}

/** @param edited a folder with each file of the package's `binding` folder; other files in it are ignored. */
async function writePatch(edited) {
  const packagePath = createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json');
  const bindingFolder = join(dirname(packagePath), 'binding');
  const { version } = JSON.parse(await readFile(packagePath, 'utf8'));
  const files = {};
  const changes = [];
  for (const name of (await readdir(bindingFolder)).toSorted()) {
    const [published, changed] = await Promise.all(
      [bindingFolder, edited].map((folder) => readFile(join(folder, name), 'utf8')),
    );
    files[name] = { sha256: sha256(published) };
    if (published === changed) continue;
    files[name].patchedSha256 = sha256(changed);
    changes.push(
      createTwoFilesPatch(`a/binding/${name}`, `b/binding/${name}`, published, changed, '', '', { context: 3 }),
    );
  }
  await mkdir(dirname(patchPath), { recursive: true });
  await writeFile(patchPath, changes.join(''));
  await writeFile(manifestPath, `${JSON.stringify({ version, files }, null, 2)}\n`);
}
