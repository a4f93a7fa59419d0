import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { File } from 'h5wasm';
import { describe, expect, it } from 'vitest';
import hostile from '../../../../tools/golden/hostile-h5.json' with { type: 'json' };
import { ModelError } from '../errors.ts';
import { checkWeightFile } from './check-weight-file.ts';
import { h5File, type LayerToWrite, writeCountedLayers, writeLayers } from './h5.fixture.ts';

const pretrained = join(import.meta.dirname, '../../../../../shared/data/pretrained');

const layers: LayerToWrite[] = [
  { name: 'conv1', weights: [{ name: 'kernel:0', shape: [2, 3], values: new Float32Array(6) }] },
];
const layouts: [string, (file: File, layers: LayerToWrite[]) => void][] = [
  ['.h5', writeLayers],
  ['.weights.h5', writeCountedLayers],
];

async function check(content: Uint8Array | ((file: File) => void)): Promise<void> {
  const bytes = typeof content === 'function' ? await h5File(content) : content;
  await checkWeightFile({ name: 'some.h5', bytes });
}

describe('checkWeightFile', () => {
  it.each(layouts)('accepts layers with weights, %s', async (_, write) => {
    await check((file) => write(file, layers));
  });

  it.each<[string, Uint8Array | ((file: File) => void), RegExp]>([
    ['nothing', () => {}, /expected Keras' layers .*, received an empty file/],
    ...layouts.map(([layout, write]): [string, (file: File) => void, RegExp] => [
      `layers without weights, ${layout}`,
      (file) => write(file, []),
      /expected layers with weights, received 0 layers/,
    ]),
    ...(['listed', 'counted'] as const).map((layout): [string, Uint8Array, RegExp] => [
      `more numbers than it has room for, ${layout}`,
      Buffer.from(hostile.files.terabytes[layout], 'base64'),
      /bytes of weights, the size of the file, received shapes of 4000000000000 bytes up to /,
    ]),
  ])('refuses %s', async (_, content, message) => {
    const attempt = check(content);
    await expect(attempt).rejects.toThrow(ModelError);
    await expect(attempt).rejects.toThrow(message);
  });

  it('rejects a truncated file, and one that is not HDF5', async () => {
    const whole = await h5File((file) => writeLayers(file, layers));
    const cuts = [0, 10, 50, 90, 99.9].map((percent) => whole.subarray(0, Math.floor((whole.length * percent) / 100)));
    for (const bytes of [...cuts, new TextEncoder().encode('<!doctype html>')])
      await expect(checkWeightFile({ name: 'some.h5', bytes })).rejects.toThrow(/^some\.h5: expected an HDF5 file/);
  });

  const there = existsSync(pretrained) ? readdirSync(pretrained).filter((name) => name.endsWith('.h5')) : [];
  it.skipIf(there.length === 0)('accepts real weights (needs ../shared)', async () => {
    for (const name of there) await checkWeightFile({ name, bytes: readFileSync(join(pretrained, name)) });
  });
});
