/** Shared by the tests: a workspace, drawn images, and settings of a run that takes seconds. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawShapes } from '@chorus/data';

export interface TestFolder {
  /** Of the test file. */
  parent: string;
  /** A folder with the classes discs and stars, a new copy for each call. */
  photos(name: string): Promise<string>;
  remove(): Promise<void>;
}

/** @param imagesPerClass number of drawn images. */
export async function testFolder(imagesPerClass: number): Promise<TestFolder> {
  const parent = await mkdtemp(join(tmpdir(), 'chorus-studio-test-'));
  const drawn = join(parent, 'drawn');
  await drawShapes(drawn, { seed: 1, imagesPerClass: { train: imagesPerClass, validation: 0 } });
  return {
    parent,
    async photos(name) {
      await cp(join(drawn, 'train'), join(parent, name), { recursive: true });
      return join(parent, name);
    },
    remove: () => rm(parent, { recursive: true, force: true }),
  };
}

/** Two small members on tiny images, op by op: compiling would take longer than these few steps. */
export const smallSettings = (epochCount: number): string[] => [
  'inputSize=32',
  'weights=random',
  'members=[{"name":"wide","backbone":"mobilenet","alpha":0.5},{"name":"slim","backbone":"mobilenet","alpha":0.25}]',
  'recipe.batchSize=16',
  `recipe.whole.epochCount=${epochCount}`,
  'workers=[{"device":"cpu:0"}]',
  'runtime={"logicalCpuDevices":1,"intraOpThreads":1,"compile":false,"featureCache":false}',
];
