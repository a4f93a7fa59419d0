import { existsSync } from 'node:fs';
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join, sep } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { readExcludeList } from '../../../orchestration/src/experiment/exclude-list.ts';
import { createStudioApp, Studio, type StudioApp } from '../index.ts';
import type { AddedImage, Changed, DataSet, ImagePage } from '../protocol/index.ts';
import { type TestFolder, testFolder } from '../studio.fixture.ts';

let folder: TestFolder;
let studio: Studio;
let app: StudioApp;
let set: DataSet;
let count = 0;

beforeAll(async () => {
  folder = await testFolder(4);
});
afterAll(() => folder?.remove());
beforeEach(async () => {
  count += 1;
  studio = await Studio.open(join(folder.parent, `workspace-${count}`));
  app = createStudioApp(studio);
  set = await answer(post('open', { path: await folder.photos(`photos-${count}`) }));
});
afterEach(() => studio?.close());

async function reopenStudio(): Promise<void> {
  await studio.close();
  studio = await Studio.open(studio.folder);
  app = createStudioApp(studio);
}

const base = 'http://localhost/api/data-sets';
const post = (path: string, body?: unknown) =>
  app.request(path === '' ? base : `${base}/${path}`, {
    method: 'POST',
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  });
const get = (path: string) => app.request(`${base}/${path}`);
const put = (query: string, body: Uint8Array<ArrayBuffer>, type = 'image/png') =>
  app.request(`${base}/${set.id}/images?${query}`, { method: 'PUT', body, headers: { 'Content-Type': type } });
async function answer<Answer>(response: Response | Promise<Response>): Promise<Answer> {
  const received = await response;
  expect(received.ok, await received.clone().text()).toBe(true);
  return received.json() as Promise<Answer>;
}
async function refusal(
  response: Response | Promise<Response>,
): Promise<{ status: number; code: string; error: string }> {
  const received = await response;
  return { status: received.status, ...((await received.json()) as { code: string; error: string }) };
}
const images = async (query = '') => (await answer<ImagePage>(get(`${set.id}/images${query}`))).images;
const paths = async (query = '') => (await images(query)).map(({ path }) => path);
const picture = async (name = 'discs/discs-00000.png') => new Uint8Array(await readFile(join(set.root, name)));
const disc = 'discs/discs-00001.png';

describe('a data set', () => {
  it('is opened in place, once, and still known to the next studio', async () => {
    expect(set).toMatchObject({ id: `photos-${count}`, layout: 'classes', isOwn: false, problem: null, undo: null });
    expect(set.classes).toEqual([
      { name: 'discs', imageCount: 4, excludedCount: 0 },
      { name: 'stars', imageCount: 4, excludedCount: 0 },
    ]);
    expect((await answer<DataSet>(post('open', { path: `${set.root}/` }))).id).toBe(set.id);
    await reopenStudio();
    expect(await answer(get(set.id))).toEqual(set);
    // A missing folder is no reason to forget it.
    await rename(set.root, `${set.root}-moved`);
    expect(studio.dataSets.summaries).toMatchObject([{ id: set.id, isMissing: true }]);
    expect((await refusal(get(set.id))).status).toBe(422);
  });

  it('is created with its classes, which may be called as splits are', async () => {
    const created = await answer<DataSet>(post('', { name: 'Meine Tiere', classes: ['train', 'Ähren'] }));
    expect(created).toMatchObject({ id: 'meine-tiere', name: 'Meine Tiere', layout: 'classes', isOwn: true });
    expect(created.classes.map(({ name }) => name)).toEqual(['train', 'Ähren']);
    expect(created.problem).toMatch(/^Expected images of class "train"/);
    expect((await readdir(join(studio.folder, 'data/Meine Tiere'))).toSorted()).toEqual(['train', 'Ähren']);
    expect((await refusal(post('', { name: 'Meine Tiere', classes: [] }))).code).toBe('conflict');
  });

  it('is one, also if two requests open it at the same time, or by another path', async () => {
    const path = await folder.photos(`twice-${count}`);
    const opened = await Promise.all([1, 2, 3].map(() => answer<DataSet>(post('open', { path }))));
    expect(opened.map(({ id }) => id)).toEqual([1, 2, 3].map(() => `twice-${count}`));
    // The workspace is reached by a link.
    await studio.close();
    await symlink(studio.folder, join(folder.parent, `link-${count}`));
    studio = await Studio.open(join(folder.parent, `link-${count}`));
    app = createStudioApp(studio);
    const created = await answer<DataSet>(post('', { name: 'own', classes: ['a', 'b'] }));
    expect((await answer<DataSet>(post('open', { path: 'data/own' }))).id).toBe(created.id);
  });

  it('is not the folder of the studio or one above it', async () => {
    for (const path of ['.', '..', '/'])
      expect((await refusal(post('open', { path }))).error).toContain('start the studio in another folder');
    expect((await refusal(post('open', { path: 'nowhere' }))).error).toContain('no such file or folder');
    expect((await refusal(post('open', { path: join(set.root, disc) }))).error).toContain('Expected a folder');
    expect((await refusal(post('open', { path: 'a\0b' }))).status).toBe(400);
  });

  it.each(['', '..', '.hidden', 'a/b', String.raw`a\b`, 'a\0b', 'a\nb', 'a\u202eb', 'x'.repeat(250), '__MACOSX', 'a.'])(
    'refuses the name %j',
    async (name) => {
      expect((await refusal(post('', { name, classes: ['a', 'b'] }))).status).toBe(400);
      expect((await refusal(post('', { name: 'good', classes: ['a', name] }))).status).toBe(400);
      expect((await refusal(post(`${set.id}/classes`, { name }))).status).toBe(400);
      expect(existsSync(join(studio.folder, 'data'))).toBe(false);
      expect((await readdir(set.root)).toSorted()).toEqual(['discs', 'stars']);
    },
  );

  it('loses a class that has no images, in every split, and nothing else', async () => {
    const remove = (name: string) =>
      app.request(`${base}/${set.id}/classes?name=${encodeURIComponent(name)}`, { method: 'DELETE' });
    expect(await refusal(remove('boxes'))).toMatchObject({ status: 400 });
    expect(await refusal(remove('discs'))).toMatchObject({
      status: 409,
      error: 'The class "discs" still has 4 images; move them to another class first.',
    });
    await answer(post(`${set.id}/relabel`, { paths: await paths('?class=discs'), class: 'stars' }));
    await writeFile(join(set.root, 'discs', 'notes.txt'), 'by hand');
    expect(await refusal(remove('discs'))).toMatchObject({ status: 422, error: expect.stringContaining('notes.txt') });
    await unlink(join(set.root, 'discs', 'notes.txt'));
    expect((await answer<DataSet>(remove('discs'))).classes).toEqual([
      { name: 'stars', imageCount: 8, excludedCount: 0 },
    ]);
    expect(existsSync(join(set.root, 'discs'))).toBe(false);
    // Undoing the move brings the class back.
    const { dataSet } = await answer<Changed>(post(`${set.id}/undo`));
    expect(dataSet.classes.map(({ name, imageCount }) => [name, imageCount])).toEqual([
      ['discs', 4],
      ['stars', 4],
    ]);

    const root = join(folder.parent, `split-${count}`);
    for (const split of ['train', 'test']) await folder.photos(`split-${count}/${split}`);
    await mkdir(join(root, 'train', 'boxes'));
    await symlink(await mkdtemp(join(folder.parent, 'elsewhere-')), join(root, 'test', 'boxes'));
    set = await answer(post('open', { path: root }));
    expect(await refusal(remove('boxes'))).toMatchObject({ status: 422, error: expect.stringContaining('is a link') });
    expect(await readdir(join(root, 'train'))).toContain('boxes');
    await unlink(join(root, 'test', 'boxes'));
    await mkdir(join(root, 'test', 'boxes'));
    expect((await answer<DataSet>(remove('boxes'))).classes.map(({ name }) => name)).toEqual(['discs', 'stars']);
    expect(await readdir(join(root, 'test'))).toEqual(['discs', 'stars']);
  });

  it('has its classes renamed, with what is excluded, and renamed back', async () => {
    const rename = (name: string, newName: string) => post(`${set.id}/classes/rename`, { name, newName });
    const moved = 'stars/stars-00001.png';
    await answer(post(`${set.id}/exclude`, { paths: [disc, moved], excluded: true }));
    await answer(post(`${set.id}/relabel`, { paths: [moved], class: 'discs' }));
    expect(await refusal(rename('boxes', 'balls'))).toMatchObject({ status: 400 });
    expect(await refusal(rename('discs', 'a/b'))).toMatchObject({ status: 400 });
    expect(await refusal(rename('discs', 'Stars'))).toMatchObject({ status: 409, code: 'conflict' });
    await writeFile(join(set.root, 'balls'), 'by hand');
    expect(await refusal(rename('discs', 'balls'))).toMatchObject({
      status: 422,
      error: `${join(set.root, 'balls')} exists already; rename or remove it first.`,
    });
    const renamed = await answer<DataSet>(rename('discs', ' Ähren '));
    expect(renamed.classes).toEqual([
      { name: 'stars', imageCount: 3, excludedCount: 0 },
      { name: 'Ähren', imageCount: 5, excludedCount: 2 },
    ]);
    expect(renamed.undo).toBe('discs renamed to Ähren');
    expect(await paths('?excluded=true')).toEqual(['Ähren/discs-00001.png', 'Ähren/stars-00001.png']);
    const now = await studio.dataSets.get(set.id).current([moved, disc]);
    expect(now.map((image) => image?.path)).toEqual(['Ähren/stars-00001.png', 'Ähren/discs-00001.png']);
    // Only the case differs.
    await answer(rename('Ähren', 'ähren'));
    expect(await readdir(set.root)).toContain('ähren');
    for (const [done, classes] of [
      ['undone: Ähren renamed to ähren', ['stars', 'Ähren']],
      ['undone: discs renamed to Ähren', ['discs', 'stars']],
      ['undone: 1 image moved to discs', ['discs', 'stars']],
    ] as const) {
      const changed = await answer<Changed>(post(`${set.id}/undo`));
      expect([changed.done, changed.dataSet.classes.map(({ name }) => name)]).toEqual([done, classes]);
    }
    expect(await paths('?excluded=true')).toEqual([disc, moved]);
  });

  it('has no class renamed back to a name that another one has now, and none that is gone', async () => {
    await answer(post(`${set.id}/classes/rename`, { name: 'discs', newName: 'balls' }));
    await answer(post(`${set.id}/classes`, { name: 'discs' }));
    expect(await refusal(post(`${set.id}/undo`))).toMatchObject({
      status: 422,
      error: expect.stringContaining('discs exists already'),
    });
    await rm(join(set.root, 'balls'), { recursive: true });
    const { dataSet } = await answer<Changed>(post(`${set.id}/undo`));
    expect([dataSet.undo, dataSet.classes.map(({ name }) => name)]).toEqual([null, ['discs', 'stars']]);
  });

  it('says that it does not know an image whose path another one has now', async () => {
    for (const [name, newName] of [
      ['discs', 'other'],
      ['stars', 'discs'],
      ['other', 'stars'],
    ])
      await answer(post(`${set.id}/classes/rename`, { name, newName }));
    const current = await studio.dataSets.get(set.id).current([disc, 'discs/stars-00001.png']);
    expect(current.map((image) => image?.path)).toEqual(['stars/discs-00001.png', 'discs/stars-00001.png']);
    await writeFile(join(set.root, disc), await picture('stars/discs-00001.png'));
    expect(await studio.dataSets.get(set.id).current([disc])).toEqual([null]);
  });

  it('has no class renamed to what would be a split folder', async () => {
    for (const newName of ['Test', 'validation', 'train']) {
      const { status, error } = await refusal(post(`${set.id}/classes/rename`, { name: 'discs', newName }));
      expect([status, error]).toEqual([422, expect.stringContaining('would be taken for a split')]);
      expect((await readdir(set.root)).toSorted()).toEqual(['discs', 'stars']);
    }
    expect((await answer<DataSet>(get(set.id))).undo).toBeNull();
  });

  it.skipIf(sep !== '/')('has a class renamed whatever its folder is called', async () => {
    for (const name of ['Zu\u0308', String.raw`a\b`]) {
      await rename(join(set.root, 'discs'), join(set.root, name));
      const label = name.normalize();
      await answer(post(`${set.id}/exclude`, { paths: [`${name}/discs-00001.png`], excluded: true }));
      await answer(post(`${set.id}/classes/rename`, { name: label, newName: 'balls' }));
      expect(await paths('?excluded=true')).toEqual(['balls/discs-00001.png']);
      await reopenStudio();
      await answer(post(`${set.id}/undo`));
      expect((await readdir(set.root)).toSorted()).toEqual([name, 'stars'].toSorted());
      expect(await paths('?excluded=true')).toEqual([`${name}/discs-00001.png`]);
      await answer(post(`${set.id}/undo`));
      await rename(join(set.root, name), join(set.root, 'discs'));
    }
  });

  it('has a class renamed in every split that has it, or, after a kill, in none', async () => {
    const root = join(folder.parent, `renamed-${count}`);
    for (const split of ['train', 'test']) await folder.photos(`renamed-${count}/${split}`);
    set = await answer(post('open', { path: root }));
    const names = async () =>
      Promise.all(['train', 'test'].map(async (split) => (await readdir(join(root, split))).toSorted()));
    const isRenamed = (name: string, newName: string) => post(`${set.id}/classes/rename`, { name, newName });
    await answer(post(`${set.id}/exclude`, { paths: ['test/discs/discs-00001.png'], excluded: true }));
    // What has the name in one of the splits stays, and so does the class in all of them.
    await writeFile(join(root, 'test', 'balls'), 'by hand');
    expect((await refusal(isRenamed('discs', 'balls'))).status).toBe(422);
    expect(await names()).toEqual([
      ['discs', 'stars'],
      ['balls', 'discs', 'stars'],
    ]);
    await unlink(join(root, 'test', 'balls'));
    await answer(isRenamed('discs', 'balls'));
    expect(await names()).toEqual([
      ['balls', 'stars'],
      ['balls', 'stars'],
    ]);
    expect(await paths('?excluded=true')).toEqual(['test/balls/discs-00001.png']);

    const file = join(studio.folder, '.chorus-studio/data-sets', set.id, 'data-set.json');
    const record = JSON.parse(await readFile(file, 'utf8'));
    const renaming = ['train', 'test'].map((split) => ({ from: `${split}/balls`, to: `${split}/boxes` }));
    await writeFile(file, JSON.stringify({ ...record, renaming }));
    await rename(join(root, 'train', 'balls'), join(root, 'train', 'boxes'));
    await reopenStudio();
    expect((await answer<DataSet>(get(set.id))).classes.map(({ name }) => name)).toEqual(['balls', 'stars']);
    expect(await paths('?excluded=true')).toEqual(['test/balls/discs-00001.png']);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(record);
  });

  it('has no folder renamed through a link, by a record that came from elsewhere, and can be removed then', async () => {
    const victim = await mkdtemp(join(folder.parent, 'victim-'));
    await mkdir(join(victim, 'docs'));
    await symlink(victim, join(set.root, 'link'));
    const file = join(studio.folder, '.chorus-studio/data-sets', set.id, 'data-set.json');
    const record = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...record, renaming: [{ from: 'link/stolen', to: 'link/docs' }] }));
    await reopenStudio();
    expect(await refusal(get(set.id))).toMatchObject({ status: 422, error: expect.stringContaining('by a link') });
    expect(await readdir(victim)).toEqual(['docs']);
    await answer(app.request(`${base}/${set.id}`, { method: 'DELETE' }));
  });

  it('gets new classes, but no two that look the same', async () => {
    const { classes, problem } = await answer<DataSet>(post(`${set.id}/classes`, { name: ' boxes ' }));
    expect(classes.map(({ name }) => name)).toEqual(['boxes', 'discs', 'stars']);
    expect(problem).toContain('Expected images of class "boxes"');
    expect(await refusal(post(`${set.id}/classes`, { name: 'Discs' }))).toMatchObject({
      status: 409,
      code: 'conflict',
    });
  });

  it('is listed in pages, by class', async () => {
    const page = await answer<ImagePage>(get(`${set.id}/images?class=stars&offset=1&limit=2`));
    expect(page).toEqual({
      ...{ total: 4, offset: 1 },
      images: [1, 2].map((number) => ({
        path: `stars/stars-0000${number}.png`,
        ...{ class: 'stars', role: null, excluded: false },
      })),
    });
    for (const query of ['limit=501', 'offset=-1', 'limit=x', 'excluded=maybe'])
      expect((await refusal(get(`${set.id}/images?${query}`))).status).toBe(400);
  });

  it('is removed from the studio, not from the disk', async () => {
    await answer(app.request(`${base}/${set.id}`, { method: 'DELETE' }));
    expect((await refusal(get(set.id))).status).toBe(404);
    expect(existsSync(join(set.root, disc))).toBe(true);
  });

  it('is removed after its last change, but not the list that a stopped run needs', async () => {
    await answer(post(`${set.id}/exclude`, { paths: [disc], excluded: true }));
    const dataSet = studio.dataSets.get(set.id);
    const list = await dataSet.excludeList();
    const moved = dataSet.relabel([disc], 'stars');
    await studio.dataSets.remove(set.id);
    expect((await moved).done).toBe('1 image moved to stars');
    await expect(dataSet.exclude(['stars/stars-00000.png'], true)).rejects.toThrow('has been removed');
    expect(await readFile(list!, 'utf8')).toBe(`path\n${disc}\n`);
    await studio.close();
    const onError = vi.fn();
    studio = await Studio.open(studio.folder, { onError });
    app = createStudioApp(studio);
    expect(studio.dataSets.summaries).toEqual([]);
    expect(onError).not.toHaveBeenCalled();
  });

  it('gets no class that would make a split folder of it', async () => {
    await answer(post(`${set.id}/classes`, { name: 'validation' }));
    expect(await refusal(post(`${set.id}/classes`, { name: 'train' }))).toMatchObject({
      ...{ status: 422, error: expect.stringContaining('for a split') },
    });
    expect(await readdir(set.root)).toEqual(['discs', 'stars', 'validation']);
    expect((await answer<DataSet>(get(set.id))).layout).toBe('classes');
    expect(await paths()).toHaveLength(8);
  });
});

describe('an image', () => {
  it('is shown, again after its file has changed, and only inside of the data set', async () => {
    const thumbnail = (path: string, query = '') => get(`${set.id}/thumbnail?path=${encodeURIComponent(path)}${query}`);
    const first = await thumbnail(disc);
    expect(first.headers.get('Content-Type')).toBe('image/webp');
    const before = Buffer.from(await first.arrayBuffer());
    expect(Buffer.from(await (await thumbnail(disc)).arrayBuffer())).toEqual(before);
    await writeFile(join(set.root, disc), await picture('stars/stars-00000.png'));
    expect(Buffer.from(await (await thumbnail(disc)).arrayBuffer())).not.toEqual(before);
    await appendFile(join(folder.parent, 'secret.png'), await picture());
    await symlink(join(folder.parent, 'secret.png'), join(set.root, 'discs/link.png'));
    for (const path of [
      '../secret.png',
      'discs/../../secret.png',
      join(folder.parent, 'secret.png'),
      'discs/link.png',
      'a\0',
      '',
    ])
      expect((await thumbnail(path)).status).toBe(404);
    expect((await thumbnail(disc, '&side=161')).status).toBe(400);
    await writeFile(join(set.root, disc), 'no image');
    expect(await refusal(thumbnail(disc))).toMatchObject({ status: 422, code: 'unusable_image' });
  });

  it('is added under a safe and free name, with the ending of its format', async () => {
    const added: string[] = [];
    for (const name of [
      'discs-00000.png',
      '../../etc/passwd',
      'a.jpeg',
      '.hidden',
      '',
      '<b>"|.exe',
      'ä'.repeat(300),
      'x.png\0.js',
    ])
      added.push(
        (await answer<AddedImage>(put(`class=discs&name=${encodeURIComponent(name)}`, await picture()))).image.path,
      );
    expect(added).toEqual([
      'discs/discs-00000-2.png',
      'discs/passwd.png',
      'discs/a.png',
      'discs/image.png',
      'discs/image-2.png',
      'discs/_b___.png',
      `discs/${'ä'.repeat(98)}.png`,
      'discs/x.png_.png',
    ]);
    expect((await paths('?class=discs')).toSorted()).toEqual(
      [...added, ...[0, 1, 2, 3].map((number) => `discs/discs-0000${number}.png`)].toSorted(),
    );
    expect(await readdir(join(set.root, 'discs'))).toHaveLength(12);
  });

  it('is added beside others that arrive at the same time', async () => {
    const bytes = await picture();
    const added = await Promise.all(
      Array.from(
        { length: 6 },
        async () => (await answer<AddedImage>(put('class=stars&name=new.png', bytes))).image.path,
      ),
    );
    expect(new Set(added).size).toBe(6);
    for (const path of added) expect(await picture(path)).toEqual(bytes);
    expect((await answer<DataSet>(get(set.id))).imageCount).toBe(14);
  });

  it('is not added if it is none, too large, of another type, or without a class', async () => {
    expect(await refusal(put('class=discs&name=a.png', new TextEncoder().encode('<svg/>')))).toMatchObject({
      ...{ status: 422, code: 'unusable_image' },
    });
    const cut = (await picture()).slice(0, 500);
    expect((await refusal(put('class=discs&name=a.png', cut))).status).toBe(422);
    expect((await refusal(put('class=cats&name=a.png', await picture()))).status).toBe(400);
    expect((await refusal(put('class=../stars&name=a.png', await picture()))).status).toBe(400);
    expect((await refusal(put('class=discs&name=a.png', await picture(), 'multipart/form-data'))).status).toBe(415);
    const large = app.request(`${base}/${set.id}/images?class=discs&name=a`, {
      ...{ method: 'PUT', body: 'x', headers: { 'Content-Type': 'image/png', 'Content-Length': String(2 ** 30) } },
    });
    expect((await refusal(large)).status).toBe(413);
    expect(await paths()).toHaveLength(8);
  });
});

describe('changes', () => {
  const relabel = (all: string[], name: string) => post(`${set.id}/relabel`, { paths: all, class: name });
  const exclude = (all: string[], excluded = true) => post(`${set.id}/exclude`, { paths: all, excluded });
  const undo = () => post(`${set.id}/undo`);

  it('move images to another class, never over others, and back', async () => {
    await writeFile(join(set.root, 'stars/discs-00001.png'), await picture('stars/stars-00000.png'));
    const other = await readFile(join(set.root, 'stars/discs-00001.png'));
    const content = await readFile(join(set.root, disc));
    const moved = await answer<Changed>(relabel([disc, 'stars/stars-00000.png'], 'stars'));
    expect(moved.images.map(({ path }) => path)).toEqual(['stars/discs-00001-2.png', 'stars/stars-00000.png']);
    expect(moved).toMatchObject({ done: '1 image moved to stars', dataSet: { undo: '1 image moved to stars' } });
    expect(await readFile(join(set.root, 'stars/discs-00001-2.png'))).toEqual(content);
    expect(await readFile(join(set.root, 'stars/discs-00001.png'))).toEqual(other);
    expect(existsSync(join(set.root, disc))).toBe(false);
    const back = await answer<Changed>(undo());
    expect(back.images).toEqual([{ path: disc, class: 'discs', role: null, excluded: false }]);
    expect(back.dataSet.undo).toBeNull();
    expect(await readFile(join(set.root, disc))).toEqual(content);
    expect(await refusal(undo())).toMatchObject({ status: 409, error: 'There is no change to undo.' });
  });

  it('exclude images by a list of the studio, which follows them to another class', async () => {
    await answer(exclude([disc, 'stars/stars-00003.png']));
    expect(await paths('?excluded=true')).toEqual([disc, 'stars/stars-00003.png']);
    await answer(relabel([disc], 'stars'));
    expect(await paths('?excluded=true')).toEqual(['stars/discs-00001.png', 'stars/stars-00003.png']);
    const list = await studio.dataSets.get(set.id).excludeList();
    expect(await readFile(list!, 'utf8')).toBe('path\nstars/discs-00001.png\nstars/stars-00003.png\n');
    expect(list!.startsWith(studio.folder)).toBe(true);
    await answer(exclude(['stars/stars-00003.png', disc.replace('discs/', 'stars/')], false));
    expect(await studio.dataSets.get(set.id).excludeList()).toBeUndefined();
    for (const expected of [2, 2, 0]) {
      await answer(undo());
      expect(await paths('?excluded=true')).toHaveLength(expected);
    }
    expect(existsSync(join(set.root, disc))).toBe(true);
    expect((await answer<Changed>(exclude([disc], false))).done).toBe('already included');
  });

  it('leave out what has been removed meanwhile', async () => {
    await answer(relabel([disc, 'discs/discs-00002.png'], 'stars'));
    await unlink(join(set.root, 'stars/discs-00001.png'));
    await answer(exclude(['stars/discs-00002.png']));
    expect((await answer<Changed>(undo())).images).toHaveLength(1);
    expect((await answer<Changed>(undo())).images.map(({ path }) => path)).toEqual(['discs/discs-00002.png']);
  });

  it('are all or nothing', async () => {
    expect((await refusal(relabel([disc, 'discs/none.png'], 'stars'))).status).toBe(404);
    expect((await refusal(relabel([disc], 'none'))).status).toBe(400);
    expect((await refusal(relabel([`../photos-${count}/${disc}`], 'stars'))).status).toBe(404);
    expect((await refusal(relabel([disc], '../discs'))).status).toBe(400);
    expect((await refusal(relabel([], 'stars'))).status).toBe(400);
    expect(await paths()).toHaveLength(8);
    expect((await answer<DataSet>(get(set.id))).undo).toBeNull();
  });

  it('move an image once that is named twice', async () => {
    const { images: moved } = await answer<Changed>(relabel([disc, disc], 'stars'));
    expect(moved.map(({ path }) => path)).toEqual(['stars/discs-00001.png', 'stars/discs-00001.png']);
    expect((await answer<DataSet>(get(set.id))).imageCount).toBe(8);
  });

  it('are not undone through a link that has taken the place of a folder', async () => {
    await answer(relabel([disc], 'stars'));
    await rename(join(set.root, 'discs'), join(folder.parent, `outside-${count}`));
    await symlink(join(folder.parent, `outside-${count}`), join(set.root, 'discs'));
    expect(await refusal(undo())).toMatchObject({
      status: 422,
      error: expect.stringContaining('outside of the data set'),
    });
    expect(await readdir(join(folder.parent, `outside-${count}`))).toHaveLength(3);
    expect(existsSync(join(set.root, 'stars/discs-00001.png'))).toBe(true);
  });

  it('leave all images in their places if one of them cannot be moved', async () => {
    // A file system has no room for a number in this name.
    const long = `${'x'.repeat(251)}.png`;
    for (const name of ['discs', 'stars']) await writeFile(join(set.root, name, long), await picture());
    const before = await paths();
    expect(await refusal(relabel([disc, `discs/${long}`], 'stars'))).toMatchObject({ status: 422, code: 'refused' });
    expect(await paths()).toEqual(before);
    expect(await readdir(join(set.root, 'stars'))).toHaveLength(5);
    expect((await answer<DataSet>(get(set.id))).undo).toBeNull();
  });

  it('do not move what links lead to', async () => {
    await rename(join(set.root, 'stars'), join(folder.parent, `elsewhere-${count}`));
    await mkdir(join(set.root, '.hidden'));
    await rename(join(folder.parent, `elsewhere-${count}`), join(set.root, '.hidden/stars'));
    await symlink('.hidden/stars', join(set.root, 'stars'));
    expect(await paths('?class=stars')).toHaveLength(4);
    expect(await refusal(relabel(['stars/stars-00000.png'], 'discs'))).toMatchObject({
      ...{ status: 422, error: expect.stringContaining('is reached by a link') },
    });
    expect(await readdir(join(set.root, '.hidden/stars'))).toHaveLength(4);
    // A class that is a link out of the data set receives nothing.
    await unlink(join(set.root, 'stars'));
    await symlink(folder.parent, join(set.root, 'stars'));
    expect((await refusal(relabel([disc], 'stars'))).status).toBe(422);
    expect((await refusal(put('class=stars&name=a', await picture()))).status).toBe(422);
    await images();
    expect((await refusal(relabel([disc], 'stars'))).status).toBe(400);
    expect(existsSync(join(folder.parent, 'discs-00001.png'))).toBe(false);
  });

  it('are forgotten before their record is too large to be read again', async () => {
    // As after years of work with long names.
    const long = `discs/${'x'.repeat(250)}/${'y'.repeat(250)}`;
    const moves = Array.from({ length: 1000 }, (_, index) => ({
      from: `${long}/${index}.png`,
      to: `stars/${index}.png`,
    }));
    const record = join(studio.folder, '.chorus-studio/data-sets', set.id, 'data-set.json');
    const content = JSON.parse(await readFile(record, 'utf8')) as { changes: object[] };
    content.changes = Array.from({ length: 90 }, () => ({ kind: 'relabel', class: 'stars', moves }));
    await writeFile(record, JSON.stringify(content));
    await studio.close();
    studio = await Studio.open(studio.folder);
    app = createStudioApp(studio);
    expect((await answer<Changed>(exclude([disc]))).dataSet.undo).toBe('1 image excluded');
    expect((await readFile(record)).length).toBeLessThan(10 * 2 ** 20);
    await answer(undo());
    expect((await answer<DataSet>(get(set.id))).undo).toBe('1000 images moved to stars');
  });

  it('do not exclude another image that gets the path of an excluded one', async () => {
    await answer(exclude(['stars/stars-00000.png', 'discs/discs-00000.png']));
    for (const path of ['stars/stars-00000.png', 'discs/discs-00000.png']) await unlink(join(set.root, path));
    await rename(join(set.root, disc), join(set.root, 'discs/stars-00000.png'));
    await answer(relabel(['discs/stars-00000.png'], 'stars'));
    await answer(put('class=discs&name=discs-00000.png', await picture('discs/discs-00002.png')));
    expect(await paths('?excluded=true')).toEqual([]);
    expect(await paths()).toHaveLength(7);
  });

  it('of a record that came from elsewhere move nothing into or out of the data set', async () => {
    await writeFile(join(folder.parent, 'mine.png'), await picture());
    const record = join(studio.folder, '.chorus-studio/data-sets', set.id, 'data-set.json');
    const content = JSON.parse(await readFile(record, 'utf8')) as object;
    await writeFile(record, JSON.stringify({ ...content, moving: [{ from: 'discs/new.png', to: '../mine.png' }] }));
    await studio.close();
    const errors: unknown[] = [];
    studio = await Studio.open(studio.folder, { onError: (error) => errors.push(error) });
    app = createStudioApp(studio);
    expect(errors).toMatchObject([{ message: expect.stringContaining('cannot be read') }]);
    expect(existsSync(join(folder.parent, 'mine.png'))).toBe(true);
  });

  it('keep hostile names as they are', async () => {
    const names = ['<img onerror=alert(1)>.png', 'a\nb.png', '#1.png', '"quoted", with comma.png'];
    for (const name of names) await writeFile(join(set.root, 'discs', name), await picture());
    const hostile = names.map((name) => `discs/${name}`);
    const { images: moved } = await answer<Changed>(relabel(hostile, 'stars'));
    expect(moved.map(({ path }) => path)).toEqual(names.map((name) => `stars/${name}`));
    await answer(exclude(moved.map(({ path }) => path)));
    // The list is what a training reads: it must name exactly these images.
    const listed = await readExcludeList((await studio.dataSets.get(set.id).excludeList())!);
    expect(listed.map(({ path }) => path).toSorted()).toEqual(names.map((name) => `stars/${name}`).toSorted());
  });

  it('in split folders stay in their split', async () => {
    const root = join(folder.parent, `splits-${count}`);
    for (const split of ['train', 'validation']) {
      await mkdir(root, { recursive: true });
      await rename(await folder.photos('split'), join(root, split));
    }
    set = await answer<DataSet>(post('open', { path: root }));
    expect(set).toMatchObject({ layout: 'splits', imageCount: 16 });
    const all = ['train/discs/discs-00000.png', 'validation/discs/discs-00000.png'];
    const { images: moved } = await answer<Changed>(relabel(all, 'stars'));
    expect(moved.map(({ path, role }) => [path, role])).toEqual([
      ['train/stars/discs-00000.png', 'train'],
      ['validation/stars/discs-00000.png', 'test'],
    ]);
    const { image } = await answer<AddedImage>(
      put('class=discs&name=new', await picture('train/stars/stars-00000.png')),
    );
    expect(image).toEqual({ path: 'train/discs/new.png', class: 'discs', role: 'train', excluded: false });
  });
});
