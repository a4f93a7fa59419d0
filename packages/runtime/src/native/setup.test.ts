import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '@chorus/storage';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { planNativeRuntime } from './locate.ts';
import { setupRuntime } from './setup.ts';
import { nativeRuntimeStatus } from './status.ts';
import { unpackWheel } from './unpack-wheel.ts';

const ready = planNativeRuntime();
let cache: string;

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'chorus-setup-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(cache, { recursive: true, force: true });
});

/** The setup command in a process of its own, with the library of this machine and an empty cache. */
function setupProcess(environment: Record<string, string> = {}): Promise<{ exitCode: number | null; output: string }> {
  const script = fileURLToPath(new URL('../../dist/setup-cli.js', import.meta.url));
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, CHORUS_CACHE: cache, CHORUS_LIBTENSORFLOW: ready.libraryFiles, ...environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  return new Promise((done) => child.on('close', (exitCode) => done({ exitCode, output })));
}

describe('setting up the native runtime', () => {
  it('compiles once when two processes start at the same time, and then does nothing', async () => {
    const both = await Promise.all([setupProcess(), setupProcess()]);
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(both.filter(({ output }) => output.includes('compiling the binding'))).toHaveLength(1);
    expect(both.filter(({ output }) => output.includes('waiting for process'))).toHaveLength(1);
    expect(await setupProcess()).toEqual({ exitCode: 0, output: '' });
  });

  it('mends what a killed one left: an unfinished folder and a lock without an owner', async () => {
    await mkdir(join(cache, 'binding', '.abc.tmp-1-00'), { recursive: true });
    await writeFile(join(cache, 'binding', '.abc.tmp-1-00', 'tfjs_binding.node'), 'half');
    await mkdir(join(cache, 'setup.lock'));
    const { exitCode, output } = await setupProcess();
    expect(output).toContain('compiling the binding');
    expect(exitCode).toBe(0);
    const folders = (await readdir(join(cache, 'binding'))).filter((name) => !name.startsWith('.'));
    expect(await readdir(join(cache, 'binding', folders[0]!))).toEqual(['tfjs_binding.node', 'tfjs_quiet.node']);
  });

  it('names the command that brings a compiler', async () => {
    const { exitCode, output } = await setupProcess({ CXX: 'no-such-compiler' });
    expect(exitCode).toBe(2);
    expect(output).toMatch(/There is no C\+\+ compiler \(no-such-compiler\); install one: \S+/);
    expect(existsSync(join(cache, 'binding'))).toBe(true);
    expect(await readdir(join(cache, 'binding'))).toEqual([]);
  });

  it('names the command that brings python3, or pip', async () => {
    const noLibrary = { CHORUS_LIBTENSORFLOW: '' };
    expect((await setupProcess({ ...noLibrary, CHORUS_PYTHON: 'no-such-python' })).output).toMatch(/There is no no-such-python .*apt-get install python3/);
    const python = join(cache, 'python');
    await writeFile(python, '#!/bin/sh\necho "$0: No module named pip" >&2\nexit 1\n');
    await chmod(python, 0o755);
    const { exitCode, output } = await setupProcess({ ...noLibrary, CHORUS_PYTHON: python });
    expect(exitCode).toBe(2);
    expect(output).toContain('has no pip; install it');
    expect(await readdir(join(cache, 'wheels'))).toEqual([]);
  });

  it('refuses a wheel of another hash, and says which was expected', async () => {
    const python = join(cache, 'python');
    await writeFile(python, '#!/bin/sh\necho "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE." >&2\nexit 1\n');
    await chmod(python, 0o755);
    const { output } = await setupProcess({ CHORUS_LIBTENSORFLOW: '', CHORUS_PYTHON: python });
    expect(output).toContain(ready.platform.wheels[0]!.sha256);
    expect(await readdir(join(cache, 'tensorflow'))).toEqual([]);
  });

  it('says what CHORUS_LIBTENSORFLOW must hold', async () => {
    vi.stubEnv('CHORUS_LIBTENSORFLOW', cache);
    await expect(setupRuntime()).rejects.toThrow(`CHORUS_LIBTENSORFLOW is ${cache}: expected ${ready.platform.libraries.join(' and ')} there.`);
  });
});

describe('nativeRuntimeStatus', () => {
  it('finds nothing missing where all is set up, and names the command where it is not', async () => {
    expect(await nativeRuntimeStatus()).toEqual([]);
    vi.stubEnv('CHORUS_CACHE', cache);
    const missing = await nativeRuntimeStatus();
    expect(missing.map(({ mend }) => mend)).toContain('pnpm turbo setup');
    expect(missing.some(({ what }) => what.includes(cacheFolder('tensorflow')))).toBe(true);
  });
});

describe('unpackWheel', () => {
  it('refuses a file that is no zip, and leaves nothing', async () => {
    const wheel = join(cache, 'x.whl');
    await writeFile(wheel, 'This is a text.');
    await expect(unpackWheel(wheel, ['a'], join(cache, 'out'))).rejects.toThrow();
    expect(existsSync(join(cache, 'out'))).toBe(false);
  });
});
