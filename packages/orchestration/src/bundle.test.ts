import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSealedFolder, StorageError, sealFolder } from '@chorus/storage';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BundleManifest, readBundle } from './bundle.ts';
import { writeLivelyBundle } from './export/lively-bundle.fixture.ts';

let parent: string;
const at = (name: string) => join(parent, name);

beforeAll(async () => {
  tf.enableProdMode();
  parent = await mkdtemp(join(tmpdir(), 'chorus-bundle-'));
  const backbone = { family: 'mobilenet', alpha: 0.25, inputSize: 32 } as const;
  const members = [
    { name: 'one', backbone, modelCount: 2 },
    { name: 'two', backbone },
  ];
  await writeLivelyBundle(at('bundle'), members, { classes: ['a', 'b'], mirror: true, chosen: 'logistic' });
});
afterAll(() => rm(parent, { recursive: true, force: true }));

describe('a sealed folder that does not fit together', () => {
  it.each<{ what: string; change: (manifest: BundleManifest) => unknown; message: string }>([
    {
      what: 'a member that would lie elsewhere',
      change: ({ members }) => Object.assign(members[0]!, { name: '../one' }),
      message: 'expected lower-case letters',
    },
    {
      what: 'a member twice',
      change: ({ members }) => Object.assign(members[0]!, { name: 'two' }),
      message: 'member names must differ',
    },
    {
      what: 'a model of other classes',
      change: ({ members }) => Object.assign(members[0]!.models[1]!.model, { classes: ['a', 'c'] }),
      message: 'every model must have the classes of the bundle',
    },
    {
      what: 'folds of two sizes',
      change: ({ members }) => Object.assign(members[0]!.models[1]!.model.backbone, { inputSize: 64 }),
      message: 'the models of a member must have one backbone and preprocessing',
    },
    {
      what: 'no chosen stacker',
      change: (manifest) => Object.assign(manifest, { chosen: 'mean' }),
      message: 'the chosen stacker must be there',
    },
    {
      what: 'a stacker of more members',
      change: ({ stackers }) =>
        Object.assign(stackers[0]!, { kind: 'mean', state: { kind: 'mean', memberCount: 3, classCount: 2 } }),
      message: 'stackers must be of as many members and classes as the bundle has',
    },
  ])('is refused: $what', async ({ change, message }) => {
    const files = Object.fromEntries(await openSealedFolder(at('bundle')));
    const manifest: BundleManifest = JSON.parse(new TextDecoder().decode(files['bundle.json']));
    change(manifest);
    await sealFolder(at('changed'), { ...files, 'bundle.json': JSON.stringify(manifest) }, { replace: true });
    await expect(readBundle(at('changed'))).rejects.toThrow(StorageError);
    await expect(readBundle(at('changed'))).rejects.toThrow(message);
  });
});
