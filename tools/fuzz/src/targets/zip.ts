import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readZip } from '@chorus/storage';
import { mutateBytes } from '../mutate/bytes.ts';
import type { FuzzTarget } from '../target.ts';

const limits = { entryCount: 100, bytes: 2 ** 20, ratio: 100 };

/** Archives, read to their end. */
export const zip: FuzzTarget = {
  name: 'zip',
  mutate: mutateBytes([
    'PK\x01\x02',
    'PK\x03\x04',
    'PK\x05\x06',
    'PK\x06\x06',
    'PK\x06\x07',
    '\x01\x00\x1c\x00',
    '../',
    '/',
  ]),
  refusals: ['StorageError'],
  async open(folder) {
    const path = join(folder, 'archive.zip');
    return async (input) => {
      await writeFile(path, input);
      let length = 0;
      await readZip(path, limits, async (_entry, content) => {
        for await (const chunk of content) length += chunk.length;
      });
      if (length > limits.bytes) throw new Error(`unpacked ${length} bytes, more than the limit`);
    };
  },
};
