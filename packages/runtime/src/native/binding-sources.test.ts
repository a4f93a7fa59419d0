import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '@chorus/storage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RuntimeError } from '../errors.ts';
import { patchPath, readManifest, writeBindingSources } from './binding-sources.ts';
import { ownSources } from './native-files.ts';
import { vendoredFolder } from './vendored.ts';

let folder: string;
let packageFolder: string;
let target: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-sources-'));
  packageFolder = join(folder, 'package');
  target = join(folder, 'target');
  for (const name of ['package.json', 'binding'])
    await cp(join(vendoredFolder, name), join(packageFolder, name), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Replaces a text that the file must contain. */
async function edit(path: string, before: string, after: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  expect(text).toContain(before);
  await writeFile(path, text.replace(before, after));
}

describe('writeBindingSources', () => {
  it('writes each patched file of the package, and the sources of Chorus', async () => {
    await writeBindingSources(target, { packageFolder });
    const { files } = await readManifest();
    expect((await readdir(target)).toSorted()).toEqual([...Object.keys(files), ...ownSources].toSorted());
    for (const [name, { sha256: published, patchedSha256 = published }] of Object.entries(files)) {
      expect(sha256(await readFile(join(target, name), 'utf8'))).toBe(patchedSha256);
      expect(sha256(await readFile(join(packageFolder, 'binding', name), 'utf8'))).toBe(published);
    }
    expect(await readFile(join(target, 'tfjs_backend.cc'), 'utf8')).toContain('TF_OVERRIDE_GLOBAL_THREADPOOL');
  });

  it('rejects another version of the package', async () => {
    await edit(join(packageFolder, 'package.json'), '"version": "4.22.0"', '"version": "4.21.0"');
    await expect(writeBindingSources(target, { packageFolder })).rejects.toThrow(
      new RuntimeError(
        `Expected version 4.22.0 of @tensorflow/tfjs-node-gpu in ${join(packageFolder, 'package.json')}, found 4.21.0; reinstall @chorus/runtime (in a clone: pnpm install, then pnpm build).`,
      ),
    );
  });

  it.each(['tfjs_backend.cc', 'utils.h'])('rejects a modified %s', async (name) => {
    const path = join(packageFolder, 'binding', name);
    await edit(path, 'namespace tfnodejs', 'namespace  tfnodejs');
    const { files } = await readManifest();
    await expect(writeBindingSources(target, { packageFolder })).rejects.toThrow(
      `Expected sha256 ${files[name]!.sha256} of ${path}, as published; found ${sha256(await readFile(path, 'utf8'))}; reinstall`,
    );
    expect(await readdir(target)).toEqual([]);
  });

  it('rejects a package that lacks a file', async () => {
    const path = join(packageFolder, 'binding', 'utils.h');
    await rm(path);
    await expect(writeBindingSources(target, { packageFolder })).rejects.toThrow(
      `Cannot read ${path}: no such file or folder; reinstall @chorus/runtime`,
    );
  });

  describe('with another patch', () => {
    let patch: string;

    beforeEach(async () => {
      patch = join(folder, 'other.patch');
      await cp(patchPath, patch);
    });

    it('rejects one that does not apply exactly', async () => {
      await edit(patch, ' namespace tfnodejs {', ' namespace another {');
      await expect(writeBindingSources(target, { packageFolder, patch })).rejects.toThrow(
        `${patch} does not apply to napi_auto_ref.h; reinstall`,
      );
    });

    it('rejects one for a file that the package lacks', async () => {
      await edit(patch, '+++ b/binding/napi_auto_ref.h', '+++ b/binding/absent.h');
      await expect(writeBindingSources(target, { packageFolder, patch })).rejects.toThrow(
        `${patch} does not apply to absent.h; reinstall`,
      );
    });

    it('rejects one with a different result', async () => {
      await edit(patch, '+#include <mutex>', '+#include <atomic>');
      await expect(writeBindingSources(target, { packageFolder, patch })).rejects.toThrow(
        /^Expected sha256 [0-9a-f]{64} of napi_auto_ref\.h, with the changes of .*other\.patch; found [0-9a-f]{64}; reinstall/,
      );
    });
  });
});
