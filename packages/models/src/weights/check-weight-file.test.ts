import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { File } from 'h5wasm';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../errors.ts';
import { checkWeightFile } from './check-weight-file.ts';
import { h5File, type LayerToWrite, writeLayers } from './h5.fixture.ts';

const pretrained = join(import.meta.dirname, '../../../../../shared/data/pretrained');

const layers: LayerToWrite[] = [
  { name: 'conv1', weights: [{ name: 'kernel:0', shape: [2, 3], values: new Float32Array(6) }] },
];

async function check(write: (file: File) => void): Promise<void> {
  await checkWeightFile({ name: 'some.h5', bytes: await h5File(write) });
}

describe('checkWeightFile', () => {
  it('takes layers with weights', async () => {
    await check((file) => writeLayers(file, layers));
  });

  it.each<[string, (file: File) => void, RegExp]>([
    ['nothing', () => {}, /expected a Group at \/model_weights, received nothing/],
    ['layers without weights', (file) => writeLayers(file, []), /expected layers with weights, received 0 layers/],
    [
      'more numbers than it has room for',
      (file) => {
        writeLayers(file, [{ name: 'conv1', weights: [] }]);
        const group = file.get('conv1') as ReturnType<File['create_group']>;
        group.delete_attribute('weight_names');
        group.create_attribute('weight_names', ['kernel:0']);
        group
          .create_dataset({
            name: 'kernel:0',
            data: new Float32Array(1),
            shape: [1, 1],
            maxshape: [null, null],
            chunks: [1, 1],
          })
          .resize([1e6, 1e6]);
      },
      /bytes of weights, received 4000000000000 by their shapes/,
    ],
  ])('refuses %s', async (_, write, message) => {
    const attempt = check(write);
    await expect(attempt).rejects.toThrow(ModelError);
    await expect(attempt).rejects.toThrow(message);
  });

  it('refuses a file that is cut anywhere, and one that is none', async () => {
    const whole = await h5File((file) => writeLayers(file, layers));
    const cuts = [0, 10, 50, 90, 99.9].map((percent) => whole.subarray(0, Math.floor((whole.length * percent) / 100)));
    for (const bytes of [...cuts, new TextEncoder().encode('<!doctype html>')])
      await expect(checkWeightFile({ name: 'some.h5', bytes })).rejects.toThrow(/^some\.h5: expected an HDF5 file/);
  });

  const there = existsSync(pretrained) ? readdirSync(pretrained).filter((name) => name.endsWith('.h5')) : [];
  it.skipIf(there.length === 0)('takes real weights (needs ../shared)', async () => {
    for (const name of there) await checkWeightFile({ name, bytes: readFileSync(join(pretrained, name)) });
  });
});
