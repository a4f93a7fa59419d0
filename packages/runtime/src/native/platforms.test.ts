import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RuntimeError } from '../errors.ts';
import { hasNvidiaGpu } from './nvidia.ts';
import { type Machine, nativePlatform } from './platforms.ts';

const linux: Machine = { platform: 'linux', arch: 'x64', hasNvidiaGpu: false };

describe('nativePlatform', () => {
  it.each<[Machine, string, string]>([
    [linux, 'tensorflow-cpu==2.21.0', 'libtensorflow_cc.so.2'],
    [{ ...linux, hasNvidiaGpu: true }, 'tensorflow==2.21.0', 'libtensorflow_cc.so.2'],
    [{ ...linux, arch: 'arm64' }, 'tensorflow==2.21.0', 'libtensorflow_cc.so.2'],
    [{ platform: 'darwin', arch: 'arm64', hasNvidiaGpu: false }, 'tensorflow==2.21.0', 'libtensorflow_cc.2.dylib'],
  ])('has a row for %j', (machine, requirement, library) => {
    const { wheels, libraries, hasGpus } = nativePlatform(machine);
    expect(wheels[0]!.requirement).toBe(requirement);
    expect(libraries).toContain(library);
    expect(hasGpus).toBe(machine.hasNvidiaGpu);
  });

  it('pins every wheel to its own version and hash', () => {
    const machines = [linux, { ...linux, hasNvidiaGpu: true }, { ...linux, arch: 'arm64' }];
    const wheels = machines.flatMap((machine) => nativePlatform(machine).wheels);
    for (const { requirement, sha256 } of wheels) {
      expect(requirement).toMatch(/^[a-z0-9-]+==\d+(\.\d+)+$/);
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(new Set(wheels.map(({ sha256 }) => sha256)).size).toBe(wheels.length);
  });

  it.each<Machine>([
    { platform: 'win32', arch: 'x64', hasNvidiaGpu: false },
    { platform: 'darwin', arch: 'x64', hasNvidiaGpu: false },
    { platform: 'linux', arch: 'riscv64', hasNvidiaGpu: false },
  ])('rejects $platform-$arch with a one-line error', (machine) => {
    const refuse = () => nativePlatform(machine);
    expect(refuse).toThrow(RuntimeError);
    expect(refuse).toThrow(`has no library for ${machine.platform}-${machine.arch}; Chorus trains on linux-x64`);
    expect(refuse).not.toThrow('\n');
  });
});

describe('hasNvidiaGpu', () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'chorus-root-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const gpu = 'proc/driver/nvidia/gpus/0000:01:00.0/information';
  const device = 'dev/nvidiactl';
  const loaderCache = 'etc/ld.so.cache';
  const wsl = ['dev/dxg', 'usr/lib/wsl/lib/libcuda.so.1'];

  it.each<[string, string[], boolean]>([
    ['an empty machine', [], false],
    ['a machine with GPU and driver', [gpu, loaderCache], true],
    ['a sandbox with only the device', [device, loaderCache], true],
    ['a container without access to the GPU', [gpu], false],
    ['an image with the library on a machine without a GPU', [loaderCache], false],
    ['a library in a folder of LD_LIBRARY_PATH', [gpu, 'opt/nvidia/libcuda.so.1'], true],
    ['WSL2', wsl, true],
    ['WSL2 without a GPU', ['dev/dxg'], false],
  ])('%s: %j is %s', async (_, files, expected) => {
    for (const file of files) {
      const path = join(root, file);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, file === loaderCache ? 'libcublas.so.12\0libcuda.so.1\0' : '');
    }
    expect(hasNvidiaGpu(root, '/opt/none:/opt/nvidia')).toBe(expected);
  });

  it('is false if the loader cache lists only other libraries', async () => {
    await mkdir(join(root, dirname(gpu)), { recursive: true });
    await mkdir(join(root, 'etc'));
    await writeFile(join(root, loaderCache), 'libcudart.so.12\0');
    expect(hasNvidiaGpu(root, '')).toBe(false);
  });
});
