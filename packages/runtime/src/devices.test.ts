import { afterEach, describe, expect, it, vi } from 'vitest';
import { askTensorflow, listDevices } from './devices.ts';
import { RuntimeError } from './errors.ts';
import { nativePlatform } from './native/platforms.ts';

afterEach(() => vi.unstubAllEnvs());

describe('listDevices', () => {
  it('lists the logical devices of the CPU', async () => {
    const devices = await listDevices({ logicalCpuDevices: 3 });
    expect(devices.slice(0, 3)).toEqual([
      { name: 'cpu:0', kind: 'CPU' },
      { name: 'cpu:1', kind: 'CPU' },
      { name: 'cpu:2', kind: 'CPU' },
    ]);
    if (!nativePlatform().hasGpus) expect(devices).toHaveLength(3);
  });

  it('returns the devices that TensorFlow lists in another process', async () => {
    expect(await askTensorflow(3)).toEqual((await listDevices({ logicalCpuDevices: 3 })).map(({ name }) => name));
  });

  it('reports why TensorFlow cannot start', async () => {
    vi.stubEnv('CHORUS_LIBTENSORFLOW', import.meta.dirname);
    await expect(askTensorflow(1)).rejects.toThrow(RuntimeError);
    await expect(askTensorflow(1)).rejects.toThrow(`CHORUS_LIBTENSORFLOW is ${import.meta.dirname}: expected`);
  });
});
