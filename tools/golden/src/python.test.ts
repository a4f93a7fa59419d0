/** Tests with a shell script as python3; `pnpm parity` covers the real installation of TensorFlow. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { prepareGoldenPython } from './python.ts';

/** A python3 that creates an environment with itself; its `pip` runs the test's script, which receives the folder's name. */
const python3 = (pip: string) => `#!/bin/sh
if [ "$2" = venv ]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; exit; fi
cd "$CHORUS_CACHE"
${pip}
`;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-python-'));
  vi.stubEnv('CHORUS_CACHE', folder);
  vi.stubEnv('PATH', `${join(folder, 'programs')}${delimiter}${process.env.PATH}`);
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

async function usePip(pip: string): Promise<void> {
  const program = join(folder, 'programs/python3');
  await mkdir(join(folder, 'programs'));
  await writeFile(program, python3(pip));
  await chmod(program, 0o755);
}

/** Lists the cache, relative to its folder. */
function cached(): Promise<string[]> {
  return readdir(join(folder, 'parity'), { recursive: true });
}

/** Waits for a signal file, for up to a minute. */
const waiting = `
touch started
turn=0
while [ $turn -lt 600 ]; do if [ -e go ]; then exit 0; fi; sleep 0.1; turn=$((turn + 1)); done
echo timed out >&2
exit 1`;

/** Lets this process do other work while pip runs, such as touching the lock. */
async function whilePipWaits(work: () => Promise<void>): Promise<void> {
  await vi.waitFor(async () => expect(await readdir(folder)).toContain('started'), 60_000);
  await work();
  await writeFile(join(folder, 'go'), '');
}

describe('prepareGoldenPython', () => {
  it('does not block the process while pip installs, and installs once', async () => {
    await usePip(waiting);
    const [python] = await Promise.all([prepareGoldenPython(), whilePipWaits(async () => {})]);
    await rm(join(folder, 'programs'), { recursive: true });
    expect(await prepareGoldenPython()).toBe(python);
    expect((await cached()).map((path) => join(folder, 'parity', path))).toContain(python);
  });

  it('fails if another process took over the lock', async () => {
    await usePip(waiting);
    const takeOver = async () => {
      const lock = (await cached()).find((path) => path.endsWith('.owner'))!;
      const path = join(folder, 'parity', lock);
      await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), processId: 1 }));
    };
    const [prepared] = await Promise.allSettled([prepareGoldenPython(), whilePipWaits(takeOver)]);
    expect(prepared).toMatchObject({ reason: { message: expect.stringContaining('was taken over by process 1') } });
    expect((await cached()).filter((path) => path.endsWith('installed'))).toEqual([]);
  });

  it('reports the output of pip', async () => {
    await usePip('echo no such version >&2; exit 1');
    await expect(prepareGoldenPython()).rejects.toThrow(/pip install.* ended with 1:\nno such version$/);
    expect((await cached()).filter((path) => path.endsWith('installed'))).toEqual([]);
  });
});
