import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { DataSet, ImagePage } from '../protocol/index.ts';

const program = fileURLToPath(new URL('../studio.fixture.mjs', import.meta.url));
const imageCount = 400;
const names = Array.from({ length: imageCount }, (_, index) => `${index}.png`);
let parent: string;
let photos: string;
let contents: Map<string, string>;
let kill = async () => {};

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-studio-killed-'));
  photos = join(parent, 'photos');
  for (const label of ['discs', 'stars']) await mkdir(join(photos, label), { recursive: true });
  for (const name of names) await writeFile(join(photos, 'discs', name), `disc ${name}`);
  // Half of the names are taken.
  for (const name of names.slice(200)) await writeFile(join(photos, 'stars', name), `star ${name}`);
  contents = await readAll();
});
afterEach(() => kill());
afterAll(() => rm(parent, { recursive: true, force: true }));

/** Every file, also hidden ones, with its content. */
async function readAll(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const label of ['discs', 'stars'])
    for (const name of (await readdir(join(photos, label))).toSorted())
      found.set(`${label}/${name}`, await readFile(join(photos, label, name), 'utf8'));
  return found;
}

async function openStudio() {
  const child = spawn(process.execPath, [program, join(parent, 'workspace')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [printed] = (await once(child.stdout, 'data')) as [Buffer];
  const base = `${printed.toString().trim()}/api/data-sets`;
  kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return {
    post: async <Answer>(path: string, body?: unknown) => {
      const request = { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
      return (await (await fetch(`${base}/${path}`, request)).json()) as Answer;
    },
    get: async <Answer>(path: string) => (await (await fetch(`${base}/${path}`)).json()) as Answer,
  };
}

const hasBegun = (label: string, count: number) => async () => (await readdir(join(photos, label))).length > count;

it.each([
  ['relabeling', 'stars', 200],
  ['undo', 'discs', 0],
])('keeps every image, and what is excluded, when it is killed during %s', async (change, target, countBefore) => {
  let studio = await openStudio();
  const { id } = await studio.post<DataSet>('open', { path: photos });
  const excluded = ['discs/7.png', 'discs/300.png'];
  await studio.post(`${id}/exclude`, { paths: excluded, excluded: true });
  const relabel = () => studio.post(`${id}/relabel`, { paths: names.map((name) => `discs/${name}`), class: 'stars' });
  if (change === 'undo') await relabel();
  const request = change === 'undo' ? studio.post(`${id}/undo`) : relabel();
  const broken = request.catch(() => {});
  await vi.waitUntil(hasBegun(target, countBefore), { timeout: 60_000, interval: 1 });
  await kill();
  await broken;

  studio = await openStudio();
  const { undo } = await studio.get<DataSet>(id);
  const files = await readAll();
  expect([...files.values()].toSorted()).toEqual([...contents.values()].toSorted());
  const { images } = await studio.get<ImagePage>(`${id}/images?excluded=true`);
  expect(images.map(({ path }) => files.get(path)).toSorted()).toEqual(['disc 300.png', 'disc 7.png']);
  // All images or none have been moved, and the undo says which.
  const inDiscs = [...files.keys()].filter((path) => path.startsWith('discs/')).length;
  expect([inDiscs, undo]).toEqual(
    inDiscs === 0 ? [0, `${imageCount} images moved to stars`] : [imageCount, '2 images excluded'],
  );
  if (inDiscs === 0) await studio.post(`${id}/undo`);
  await studio.post(`${id}/undo`);
  expect(await readAll()).toEqual(contents);
});
