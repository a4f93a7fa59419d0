import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planNativeRuntime } from './locate.ts';
import { killSetup, startSetup, writeProgram } from './setup-process.fixture.ts';

const ready = planNativeRuntime();
let folder: string;
let cache: string;
let wheel: string;
let pipe: string;
let download: string;

/** Builds a wheel with this machine's library, because tests must not download one. */
const zipLibrary = `import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_STORED) as archive:
    for folder, _, names in os.walk(sys.argv[2]):
        for name in names:
            path = os.path.join(folder, name)
            archive.write(path, 'tensorflow/' + os.path.relpath(path, sys.argv[2]))`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-kills-'));
  cache = join(folder, 'cache');
  wheel = join(folder, 'tensorflow.whl');
  pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  execFileSync('python3', ['-c', zipLibrary, wheel, ready.libraryFiles]);
  // Replaces Python: the argument after --dest is the folder for the wheel.
  download = `while [ "$1" != --dest ]; do shift; done; ln '${wheel}' "$2/tensorflow.whl"`;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const contentOf = (kind: string) => readdir(join(cache, kind)).catch(() => []);

const start = async (python: string, environment: Record<string, string> = {}) =>
  startSetup({
    CHORUS_CACHE: cache,
    CHORUS_LIBTENSORFLOW: '',
    CHORUS_PYTHON: await writeProgram(folder, python),
    ...environment,
  });

/** Replaces a tool: reports its process id and then sleeps, so that the test can kill the setup in that step. */
const stuck = () => `echo $$ >'${pipe}'; exec sleep 600`;

/** The tests depend on their order: each finds the files that the previous process left. */
describe.skipIf(ready.ownLibrary)('the setup, killed', () => {
  it('while downloading', async () => {
    const setup = await start(stuck());
    const python = Number(await readFile(pipe, 'utf8'));
    expect(await killSetup(setup, cache, [python])).toMatch(/: downloading \S+\n$/);
    expect(await contentOf('tensorflow')).toEqual([expect.stringContaining('.tmp-')]);
  });

  it('while unpacking', async () => {
    const setup = await start(download);
    const { stdout } = setup.child;
    for (let printed = ''; !printed.includes(': unpacking '); ) printed += String((await once(stdout, 'data'))[0]);
    expect(await killSetup(setup, cache)).toMatch(/: downloading \S+: done, .*\n.*: unpacking \S+\n$/);
    expect(await contentOf('tensorflow')).toEqual([expect.stringContaining('.tmp-')]);
  });

  it('while compiling', async () => {
    const compilerFolder = await mkdtemp(join(folder, 'compiler-'));
    const compiler = await writeProgram(compilerFolder, stuck());
    const setup = await start(download, { CHORUS_CXX: compiler });
    const compilerId = Number(await readFile(pipe, 'utf8'));
    expect(await killSetup(setup, cache, [compilerId])).toMatch(
      /: unpacking \S+: done, .*\n.*: compiling the binding with \S+\n$/,
    );
    expect(await contentOf('tensorflow')).toEqual([expect.not.stringContaining('.tmp-')]);
    expect(await contentOf('binding')).toEqual([expect.stringContaining('.tmp-')]);
  });

  it('succeeds the next time without a second download, and leaves no other files', async () => {
    // Optimizing would take most of its time.
    const compiler = await writeProgram(
      await mkdtemp(join(folder, 'compiler-')),
      `exec ${ready.platform.compiler} "$@" -O0`,
    );
    const { ended } = await start('exit 1', { CHORUS_CXX: compiler });
    const { exitCode, output } = await ended;
    expect(output).toMatch(/: compiling the binding with \S+: done, \d+ s\n$/);
    expect(output).not.toContain('downloading');
    expect(exitCode).toBe(0);
    for (const kind of ['tensorflow', 'binding'])
      expect(await contentOf(kind)).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/)]);
  });
});
