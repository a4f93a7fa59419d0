import { memberFromBytes, memberManifestSchema } from '@chorus/models';
import { parseJson } from '@chorus/storage';
import tf from '@chorus/tfjs';
import { mutateJson } from '../mutate/json.ts';
import type { FuzzTarget } from '../target.ts';

/** The manifest of a member, beside weights of the size that the corpus declares. */
export const member: FuzzTarget = {
  name: 'member',
  mutate: mutateJson,
  refusals: ['ModelError', 'StorageError'],
  async open(_folder, corpus) {
    await tf.setBackend('cpu');
    const { offset, byteLength } = memberManifestSchema
      .parse(JSON.parse(Buffer.from(corpus[0]!).toString()))
      .tensors.at(-1)!;
    const weights = new Uint8Array(offset + byteLength);
    return async (input) => memberFromBytes(parseJson(input, 'member.json'), weights).dispose();
  },
};
