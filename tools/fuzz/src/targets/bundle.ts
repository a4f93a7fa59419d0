import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bundleManifestSchema } from '@chorus/models';
import { readBundle } from '@chorus/orchestration';
import { sha256 } from '@chorus/storage';
import { mutateJson } from '../mutate/json.ts';
import type { FuzzTarget } from '../target.ts';

/** The manifest of a bundle whose checksums fit, and whose weights are zeros. */
export const bundle: FuzzTarget = {
  name: 'bundle',
  mutate: mutateJson,
  refusals: ['StorageError'],
  async open(folder, corpus) {
    const files = new Map<string, Uint8Array>([['images.json', Buffer.from('{"training":[],"test":[]}')]]);
    for (const input of corpus) {
      const { members, student } = bundleManifestSchema.parse(JSON.parse(Buffer.from(input).toString()));
      for (const { models } of [...members, ...(student === undefined ? [] : [student])])
        for (const { file, model } of models) {
          const { offset, byteLength } = model.tensors.at(-1)!;
          files.set(file, new Uint8Array(offset + byteLength));
        }
    }
    for (const [name, content] of files) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), content);
    }
    const sums = [...files].map(([name, content]) => `${sha256(content)}  ${name}\n`).join('');
    return async (input) => {
      await writeFile(join(folder, 'bundle.json'), input);
      await writeFile(join(folder, 'SHA256SUMS'), `${sums}${sha256(input)}  bundle.json\n`);
      await readBundle(folder);
    };
  },
};
