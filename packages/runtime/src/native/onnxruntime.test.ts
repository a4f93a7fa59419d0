import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cacheFolder } from '@chorus/storage';
import { create } from 'tar';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { unpackOnnxruntime } from './download-onnxruntime.ts';
import { planNativeRuntime } from './locate.ts';
import { planOnnxruntime } from './locate-onnxruntime.ts';
import { killSetup, startSetup, writeProgram } from './setup-process.fixture.ts';

const own = `package/bin/napi-v6/${process.platform}/${process.arch}`;
let folder: string;
let tarball: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-onnxruntime-'));
  tarball = join(folder, 'package.tgz');
  const files = [
    `${own}/onnxruntime_binding.node`,
    'package/bin/napi-v6/plan9/x64/onnxruntime_binding.node',
    'package/README.md',
  ];
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), file);
  }
  await create({ file: tarball, gzip: true, cwd: folder }, files);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('planOnnxruntime', () => {
  it.each([
    ['linux/x64', undefined, { folder: cacheFolder('onnxruntime', '1.24.3-linux-x64'), own: false }],
    ['linux/x64', '', { own: false }],
    ['plan9/x64', undefined, { obstacle: 'onnxruntime has no binaries for plan9/x64' }],
    ['linux/x64', 'none', { obstacle: 'CHORUS_ONNXRUNTIME is none' }],
    ['linux/x64', '/own', { obstacle: 'CHORUS_ONNXRUNTIME is /own: expected onnxruntime_binding.node there' }],
  ])('on %s, with CHORUS_ONNXRUNTIME=%s', (platform, named, expected) => {
    expect(planOnnxruntime(platform, named)).toMatchObject(expected);
  });
});

it('uses a named folder that has the binding, on any platform', () => {
  const named = join(folder, own);
  const place = { folder: named, bindingPath: join(named, 'onnxruntime_binding.node'), own: true };
  expect(planOnnxruntime('plan9/x64', named)).toEqual(place);
});

describe('unpacking', () => {
  it('takes only the binaries of this platform', async () => {
    const target = join(folder, 'target');
    await mkdir(target);
    await unpackOnnxruntime(tarball, target);
    expect(await readdir(target)).toEqual(['onnxruntime_binding.node']);
    expect(await readFile(join(target, 'onnxruntime_binding.node'), 'utf8')).toBe(`${own}/onnxruntime_binding.node`);
  });
});

describe.skipIf('obstacle' in planOnnxruntime(undefined, ''))('the setup', () => {
  const cache = () => join(folder, 'cache');
  const start = async (npm: string) => {
    const programs = await mkdtemp(join(folder, 'npm-'));
    return startSetup({
      CHORUS_CACHE: cache(),
      CHORUS_LIBTENSORFLOW: planNativeRuntime().libraryFiles,
      CHORUS_ONNXRUNTIME: '',
      CHORUS_NPM: await writeProgram(programs, npm),
    });
  };
  // The setup compiles a missing binding before it downloads onnxruntime.
  beforeAll(async () => {
    const { bindingFolder, libraryFiles } = planNativeRuntime();
    vi.stubEnv('CHORUS_CACHE', cache());
    vi.stubEnv('CHORUS_LIBTENSORFLOW', libraryFiles);
    await cp(bindingFolder, planNativeRuntime().bindingFolder, { recursive: true });
    vi.unstubAllEnvs();
  });

  const content = () => readdir(join(cache(), 'onnxruntime')).catch(() => []);

  it('leaves no incomplete binaries when it is killed, and removes the rest the next time', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const setup = await start(`echo $$ >'${pipe}'; exec sleep 600`);
    const npm = Number(await readFile(pipe, 'utf8'));
    expect(await killSetup(setup, cache(), [npm])).toMatch(/: downloading onnxruntime-node@\S+\n$/);
    expect(await content()).toEqual([expect.stringContaining('.tmp-')]);
    await (await start('exit 1')).ended;
    expect(await content()).toEqual([]);
  });

  it.each([
    [
      'a registry that serves other content',
      () => `cp '${tarball}' .`,
      /The registry served onnxruntime-node@\S+ with sha512 .*; expected /,
    ],
    [
      'no network',
      () => 'echo "npm error code E" >&2; echo "npm error no route" >&2; exit 1',
      /npm could not download onnxruntime-node@\S+; check the network .*CHORUS_ONNXRUNTIME=none.*: code E no route\n$/,
    ],
    ['a download without a file', () => 'exit 0', /npm downloaded no package for onnxruntime-node/],
  ])('reports %s', async (_, npm, message) => {
    const { exitCode, output } = await (await start(npm())).ended;
    expect(exitCode).toBe(2);
    expect(output).toMatch(message);
    expect(await content()).toEqual([]);
  });

  it('reports a missing npm', async () => {
    const { ended } = startSetup({
      CHORUS_CACHE: cache(),
      CHORUS_LIBTENSORFLOW: planNativeRuntime().libraryFiles,
      CHORUS_ONNXRUNTIME: '',
      CHORUS_NPM: 'no-such-npm',
    });
    expect((await ended).output).toMatch(/no-such-npm was not found, but is needed to download onnxruntime-node/);
  });
});
