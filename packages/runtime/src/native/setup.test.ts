import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '@chorus/storage';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RuntimeError } from '../errors.ts';
import { planNativeRuntime } from './locate.ts';
import { requireSpace, setupRuntime } from './setup.ts';
import { killSetup, startSetup, writeProgram } from './setup-process.fixture.ts';
import { nativeRuntimeStatus } from './status.ts';

const ready = planNativeRuntime();
const [wheel] = ready.platform.wheels as [(typeof ready.platform.wheels)[0]];
let cache: string;

beforeEach(async () => {
  // With characters that shells and linkers treat specially.
  cache = await mkdtemp(join(tmpdir(), 'chorus setup,'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(cache, { recursive: true, force: true });
});

/** Runs the setup with this machine's library and an empty cache. */
const start = (environment: Record<string, string> = {}) =>
  startSetup({ CHORUS_CACHE: cache, CHORUS_LIBTENSORFLOW: ready.libraryFiles, ...environment });

const setUp = (environment: Record<string, string>) => start(environment).ended;

const program = (lines: string) => writeProgram(cache, lines);

/** Lists the cache, temporary folders included. */
const contentOf = (kind: string) => readdir(join(cache, kind)).catch(() => []);

describe('setting up', () => {
  it('cleans up after a killed process, compiles once for two concurrent ones, and then does nothing', async () => {
    const pipe = join(cache, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const compiler = await program(`echo $$ >'${pipe}'; exec sleep 600`);
    const killed = start({ CHORUS_CXX: compiler });
    const compilerId = Number(await readFile(pipe, 'utf8'));
    await killSetup(killed, cache, [compilerId]);
    expect(await contentOf('binding')).toEqual([expect.stringContaining('.tmp-')]);

    const both = await Promise.all([setUp({}), setUp({})]);
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(both.filter(({ output }) => /compiling the binding with \S+\n/.test(output))).toHaveLength(1);
    const [bindingFolder, ...leftovers] = await contentOf('binding');
    expect(leftovers).toEqual([]);
    expect(await contentOf(join('binding', bindingFolder!))).toEqual(['tfjs_binding.node', 'tfjs_process.node']);
    // Needs neither the compiler nor Python if everything is ready.
    expect(await setUp({ PATH: cache })).toEqual({ exitCode: 0, output: '' });
  });

  describe('reports what is missing and how to fix it', () => {
    it('no compiler', async () => {
      const { exitCode, output } = await setUp({ CHORUS_CXX: 'no-such-compiler' });
      expect(exitCode).toBe(2);
      expect(output).toMatch(/^chorus: There is no C\+\+ compiler \(no-such-compiler\); install one: \S+/m);
      expect(await contentOf('binding')).toEqual([]);
    });

    it('a failed compilation', async () => {
      const compiler = await program('echo "error: unrecognized option -std=c++17" >&2; exit 1');
      const { exitCode, output } = await setUp({ CHORUS_CXX: compiler });
      expect(exitCode).toBe(2);
      expect(output).toContain('could not compile the TensorFlow binding: error: unrecognized option');
      expect(await contentOf('binding')).toEqual([]);
    });

    it('a library for another machine', async () => {
      const compiler = await program('for name; do output=$name; done; echo "no library" >"$output"');
      const { exitCode, output } = await setUp({ CHORUS_CXX: compiler });
      expect(exitCode).toBe(2);
      expect(output).toContain("chorus: TensorFlow's library cannot be loaded on this machine: ");
      expect(await contentOf('binding')).toEqual([]);
    });

    it('no python3', async () => {
      const { exitCode, output } = await setUp({ CHORUS_LIBTENSORFLOW: '', CHORUS_PYTHON: 'no-such-python' });
      expect(exitCode).toBe(2);
      expect(output).toMatch(
        /^chorus: no-such-python was not found, but is needed to download .*apt-get install python3/m,
      );
    });

    it('no pip', async () => {
      // Without its site-packages.
      const python = await program('exec python3 -S "$@"');
      const { exitCode, output } = await setUp({ CHORUS_LIBTENSORFLOW: '', CHORUS_PYTHON: python });
      expect(exitCode).toBe(2);
      expect(output).toContain('has no pip; install it: apt-get install python3-pip');
    });

    it('a wheel with another hash', async () => {
      const [name, version] = wheel.requirement.split('==') as [string, string];
      const tags = `cp311-cp311-${ready.platform.pipPlatforms[0]}`;
      await writeFile(join(cache, `${name.replaceAll('-', '_')}-${version}-${tags}.whl`), 'not the wheel');
      // pip splits PIP_FIND_LINKS at spaces.
      const places = `file://${cache.replaceAll(' ', '%20')}`;
      const { exitCode, output } = await setUp({ CHORUS_LIBTENSORFLOW: '', PIP_NO_INDEX: '1', PIP_FIND_LINKS: places });
      expect(exitCode).toBe(2);
      expect(output).toContain(`The index served a ${wheel.requirement} that does not match sha256 ${wheel.sha256}`);
      expect(await contentOf('tensorflow')).toEqual([]);
    });

    it('no network', async () => {
      const { exitCode, output } = await setUp({
        CHORUS_LIBTENSORFLOW: '',
        PIP_INDEX_URL: 'http://127.0.0.1:1/simple',
        PIP_FIND_LINKS: '',
        PIP_RETRIES: '0',
        NO_PROXY: '*',
        no_proxy: '*',
      });
      expect(exitCode).toBe(2);
      expect(output).toContain(`pip could not download ${wheel.requirement}; check the network connection`);
      expect(await contentOf('tensorflow')).toEqual([]);
    });

    it('no space', async () => {
      await requireSpace(cache, 1);
      await expect(requireSpace(cache, 1e18)).rejects.toThrow(RuntimeError);
      await expect(requireSpace(cache, 1e18)).rejects.toThrow(
        /needs 1000000000.0 GB in .*, but only \d+\.\d GB are free; .*CHORUS_CACHE/,
      );
    });

    it('a cache folder that cannot be created', async () => {
      const file = join(cache, 'file');
      await writeFile(file, '');
      const { exitCode, output } = await setUp({ CHORUS_CACHE: join(file, 'cache') });
      expect(exitCode).toBe(2);
      expect(output).toContain(
        `Cannot write to ${join(file, 'cache')}: a part of the path is not a folder; set CHORUS_CACHE to another folder`,
      );
    });

    it('a missing user library', async () => {
      vi.stubEnv('CHORUS_LIBTENSORFLOW', cache);
      const { libraries } = ready.platform;
      await expect(setupRuntime()).rejects.toThrow(
        `CHORUS_LIBTENSORFLOW is ${cache}: expected ${libraries.join(' and ')} there.`,
      );
    });
  });
});

describe('nativeRuntimeStatus', () => {
  it('returns no missing parts if everything is set up', async () => {
    expect(await nativeRuntimeStatus()).toEqual([]);
  });

  it('returns each missing part and the command that installs it', async () => {
    vi.stubEnv('CHORUS_CACHE', cache);
    vi.stubEnv('CHORUS_PYTHON', 'no-such-python');
    vi.stubEnv('CHORUS_CXX', 'no-such-compiler');
    vi.stubEnv('CHORUS_NPM', 'no-such-npm');
    const { compiler, compilerFix } = ready.platform;
    expect(await nativeRuntimeStatus()).toEqual([
      { what: expect.stringContaining(cacheFolder('tensorflow')), fix: null },
      { what: 'no-such-python with pip', fix: expect.stringContaining('install python3') },
      { what: expect.stringContaining(cacheFolder('binding')), fix: null },
      { what: `a C++ compiler (${compiler})`, fix: compilerFix },
      { what: expect.stringContaining(cacheFolder('onnxruntime')), fix: null },
      { what: 'no-such-npm', fix: expect.stringContaining('install') },
    ]);
  });
});
