import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSealedFolder } from '@chorus/storage';
import { mutateBytes } from '../mutate/bytes.ts';
import type { FuzzTarget } from '../target.ts';

/** `SHA256SUMS` of a sealed folder, whose files are those that the corpus lists. */
export const checksums: FuzzTarget = {
  name: 'checksums',
  mutate: mutateBytes(['\n', '  ', '/', '../', './', '\\', '\0', 'SHA256SUMS', '/etc/passwd', '0'.repeat(64)]),
  refusals: ['StorageError'],
  async open(folder) {
    await mkdir(join(folder, 'members'));
    await writeFile(join(folder, 'a.json'), '{}');
    await writeFile(join(folder, 'members/b.bin'), 'weights');
    return async (input) => {
      await writeFile(join(folder, 'SHA256SUMS'), input);
      const files = await openSealedFolder(folder);
      for (const name of files.keys())
        if (!['a.json', 'members/b.bin'].includes(name)) throw new Error(`read ${name}, which is not in the folder`);
    };
  },
};
