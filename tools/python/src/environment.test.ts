import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { canPreparePython, preparePython } from './environment.ts';
import { runProgram } from './run-program.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-python-'));
});
beforeEach(() => {
  vi.stubEnv('CHORUS_CACHE', join(folder, 'cache'));
});
afterEach(() => {
  vi.unstubAllEnvs();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function environment(requirements: string, diskBytes = 1e6) {
  const path = join(folder, 'requirements.txt');
  await writeFile(path, requirements);
  return { name: 'some', requirements: path, diskBytes, notice: 'About to install.' };
}

it('installs once, and again after a change of the requirements if there is enough space', async () => {
  const told: string[] = [];
  const tell = (words: string) => told.push(words);
  const python = await preparePython(await environment('# nothing\n'), tell);
  await expect(runProgram(python, ['-c', 'print(1 + 1)'])).resolves.toEqual(['2']);
  expect(told).toEqual([expect.stringContaining('About to install. It is kept in ')]);
  expect(await preparePython(await environment('# nothing\n'), tell)).toBe(python);
  expect(told).toHaveLength(1);
  await expect(preparePython(await environment('# large\n', 1e18), tell)).rejects.toThrow(
    /Expected 1000000000.0 GB of free disk space for Python packages in .*, found .*; free some space or set CHORUS_CACHE to another folder/,
  );
});

it.each([
  { python: 'of version 3.10', module: 'import sys; sys.version_info = (3, 10, 14)', expected: false },
  { python: 'of version 3.11', module: 'import sys; sys.version_info = (3, 11, 0)', expected: true },
  { python: 'without pip', module: 'import sys; sys.modules["ensurepip"] = None', expected: false },
])('canPreparePython for a python3 $python: $expected', async ({ python, module, expected }) => {
  const modules = join(folder, python);
  await mkdir(modules);
  await writeFile(join(modules, 'sitecustomize.py'), module);
  vi.stubEnv('PYTHONPATH', modules);
  expect(canPreparePython()).toBe(expected);
});

it('canPreparePython for no python3: false', () => {
  vi.stubEnv('PATH', folder);
  expect(canPreparePython()).toBe(false);
});
