import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunningStudio, serveStudio } from '@chorus/studio-api';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { writePets } from '../../../../packages/predictor/src/bundles.fixture.ts';
import { smallSettings, type TestFolder, testFolder } from '../../../../packages/studio-api/src/studio.fixture.ts';
import { savePicture } from '../../../../pictures.fixture.ts';

/** Debian's; CHORUS_CHROMIUM names another. */
const program = process.env.CHORUS_CHROMIUM ?? '/usr/bin/chromium';
const hasChromium = existsSync(program);
if (!hasChromium)
  console.warn(`Skipped: no Chromium at ${program}; install it, or name one with CHORUS_CHROMIUM, to test the page.`);

const built = fileURLToPath(new URL('../../dist/studio', import.meta.url));
/** A class that would run a script if the page took it for HTML. */
const hostile = '<img src=x onerror=alert(1)>';

let folder: TestFolder;
let drawn: string;
let running: RunningStudio;
let browser: Browser;
const workspace = () => join(folder.parent, 'workspace');

beforeAll(async () => {
  if (!hasChromium) return;
  folder = await testFolder(24);
  drawn = await folder.photos('drawn-shapes');
  await writeFile(join(folder.parent, 'notes.txt'), 'no image');
  running = await serveStudio({ workspace: workspace(), port: 0, pages: built });
  browser = await chromium.launch({
    executablePath: program,
    args: ['--no-sandbox', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
  });
});
afterAll(async () => {
  await browser?.close();
  await running?.stop();
  await folder?.remove();
});

let opened: Page | undefined;
afterEach(async () => {
  await opened?.context().close();
  opened = undefined;
});

/** Opens a view, and fails on errors and on requests to other places. */
async function open(hash = '', options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  // Below that of a test, so that a failure says what was missing.
  page.setDefaultTimeout(100_000);
  page.on('pageerror', (error) => expect.unreachable(error.message));
  page.on('dialog', (dialog) => expect.unreachable(dialog.message()));
  page.on('request', (request) => expect(new URL(request.url()).origin).toMatch(new RegExp(`^(null|${running.url})$`)));
  page.on('console', (message) => expect(message.text()).not.toContain('Content Security Policy'));
  await page.goto(`${running.url}/${hash}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  opened = page;
  return page;
}

/** The images of a class, as files to choose. */
async function imagesOf(name: string): Promise<string[]> {
  const files = await readdir(join(drawn, name));
  return files.map((file) => join(drawn, name, file));
}

/** The run that the page shows. */
const runOf = (page: Page) => decodeURIComponent(/#\/runs\/([^/]+)/.exec(page.url())![1]!);

async function finishedRun(): Promise<string> {
  const { runs } = await running.studio.describe();
  return runs.find(({ state }) => state === 'finished')!.id;
}

/** Fills in settings of a run that takes seconds. */
async function chooseSmallSettings(page: Page, epochCount: number): Promise<void> {
  await page.getByText('More settings').click();
  await page.getByLabel('Settings, one per line').fill(smallSettings(epochCount).join('\n'));
}

describe('the built page', () => {
  it('loads at most 200 kB', async () => {
    const files = (await readdir(built, { recursive: true })).filter((file) => !file.endsWith('.md'));
    const sizes = await Promise.all(files.map((file) => stat(join(built, file))));
    const bytes = sizes.filter((one) => one.isFile()).reduce((sum, { size }) => sum + size, 0);
    expect(bytes).toBeGreaterThan(20_000);
    expect(bytes).toBeLessThanOrEqual(200_000);
  });

  it('has no inline script or style', async () => {
    const html = await readFile(join(built, 'index.html'), 'utf8');
    expect(html).not.toMatch(/<script(?![^>]*src=)|<style|\sstyle=|\son\w+=/);
  });
});

describe.skipIf(!hasChromium)('the studio', () => {
  it('creates a data set and takes chosen, dropped and pasted images', async () => {
    const page = await open();
    await page.getByLabel('Name').fill('shapes');
    await page.getByLabel('Class 1').fill('discs');
    await page.getByLabel('Class 2').fill('stars');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('heading', { level: 1, name: 'shapes' }).waitFor();
    const [discs, stars] = ['discs', 'stars'].map((name) => page.getByRole('region', { name, exact: true }));
    await discs!.getByText('Drop images or a folder here').waitFor();
    await page.getByText('Before training, add images to discs and stars.').waitFor();

    const [dropped, pasted, ...chosen] = await imagesOf('discs');
    await page.getByLabel('Choose images for discs').setInputFiles([...chosen, join(folder.parent, 'notes.txt')]);
    await discs!.getByText('22 images').waitFor();
    await discs!
      .getByRole('alert')
      .filter({ hasText: /^1 file was not added:\s*notes\.txt: The image cannot be used/ })
      .waitFor();
    await discs!.getByRole('button', { name: 'Dismiss' }).click();
    for (const [kind, path] of [
      ['drop', dropped!],
      ['paste', pasted!],
    ] as const)
      await discs!.evaluate(
        (element, [kind, content]) => {
          const data = new DataTransfer();
          data.items.add(new File([Uint8Array.from(content)], `${kind}.png`, { type: 'image/png' }));
          element.dispatchEvent(
            kind === 'drop'
              ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })
              : new ClipboardEvent('paste', { clipboardData: data, bubbles: true }),
          );
        },
        [kind, [...(await readFile(path))]] as const,
      );
    await discs!.getByText('24 images').waitFor();
    await page.evaluate(() => {
      const data = new DataTransfer();
      data.items.add(new File([], 'loose.png', { type: 'image/png' }));
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
    });
    await page.getByRole('alert').filter({ hasText: 'Drop or paste images onto their class' }).waitFor();
    await page.getByLabel('Folder for stars').setInputFiles(join(drawn, 'stars'));
    await stars!.getByText('24 images').waitFor();
    await stars!.getByRole('img').first().waitFor();
    expect(await stars!.getByRole('img').count()).toBe(10);

    await page.getByLabel('Another class').fill('discs');
    await page.getByRole('button', { name: 'Add the class' }).click();
    await page.getByRole('alert').filter({ hasText: 'discs' }).waitFor();
  });

  it('asks before it is closed while images are added, and waits with them for the server', async () => {
    const page = await open('#/data/shapes');
    const stars = page.getByRole('region', { name: 'stars', exact: true });
    await stars.getByText('24 images').waitFor();
    const images = /\/images\?class=/;
    await page.route(images, (route) => route.abort());
    const [again] = await imagesOf('stars');
    await page.getByLabel('Choose images for stars').setInputFiles(again!);
    await stars.getByRole('alert').filter({ hasText: 'The studio does not answer' }).waitFor();
    page.removeAllListeners('dialog');
    const [dialog] = await Promise.all([page.waitForEvent('dialog'), page.close({ runBeforeUnload: true })]);
    expect(dialog.type()).toBe('beforeunload');
    await dialog.dismiss();
    await page.unroute(images);
    await stars.getByText('25 images').waitFor();
    await stars.getByRole('alert').waitFor({ state: 'detached' });
    await rm(join(workspace(), 'data/shapes/stars', 'stars-00000-2.png'));
  });

  it('takes pictures of the camera: one, and several while a button is held', async () => {
    const page = await open();
    await page.getByLabel('Name').fill('camera');
    await page.getByLabel('Class 1').fill('one');
    await page.getByLabel('Class 2').fill('several');
    await page.getByRole('button', { name: 'Create' }).click();
    const [one, several] = ['one', 'several'].map((name) => page.getByRole('region', { name, exact: true }));
    await one!.getByRole('button', { name: 'Camera for one' }).click();
    await one!.getByRole('button', { name: 'Take one picture' }).click();
    await one!.getByText('1 image', { exact: true }).waitFor();
    await one!.getByRole('button', { name: 'Close the camera' }).click();
    await several!.getByRole('button', { name: 'Camera for several' }).click();
    const hold = several!.getByRole('button', { name: /Hold to record|Recording/ });
    await hold.and(page.locator(':enabled')).focus();
    await page.keyboard.down('Space');
    await several!.getByRole('img').nth(2).waitFor();
    await page.keyboard.up('Space');
    await several!.getByRole('button', { name: 'Hold to record' }).hover();
    const before = await several!.getByRole('img').count();
    await page.mouse.down();
    await several!
      .getByRole('img')
      .nth(before + 1)
      .waitFor();
    await page.mouse.up();
    await several!.getByRole('button', { name: 'Hold to record' }).waitFor();
    await several!.getByText(/^\d+ images$/).waitFor();
  });

  it('checks the data, and lists what is wrong with it', async () => {
    const photos = await folder.photos('faulty');
    await cp(join(photos, 'discs/discs-00000.png'), join(photos, 'stars/copy.png'));
    await writeFile(join(photos, 'stars/broken.png'), 'no image');
    const page = await open('#/data');
    await page.getByRole('button', { name: 'Open a folder' }).click();
    const dialog = page.getByRole('dialog', { name: 'Open a folder' });
    await dialog.getByLabel('Path of a folder').fill(drawn);
    await dialog.getByRole('button', { name: 'Go' }).click();
    await dialog.getByText('This folder has 2 classes: discs and stars.').waitFor();
    await dialog.getByLabel('Path of a folder').fill(photos);
    // The folder that is still listed is another one.
    expect(await dialog.getByRole('button', { name: 'Open this folder' }).isDisabled()).toBe(true);
    await dialog.getByRole('button', { name: 'Go' }).click();
    await dialog.getByRole('button', { name: 'Open this folder' }).dblclick();
    await page.getByRole('heading', { level: 1, name: 'faulty' }).waitFor();
    const { dataSets } = await running.studio.describe();
    expect(dataSets.filter(({ name }) => name === 'faulty')).toHaveLength(1);
    await page.getByRole('button', { name: 'Check the data' }).click();
    await page.getByText('1 picture in several classes').waitFor();
    const check = page.getByRole('complementary', { name: 'Is the data good?' });
    await check.getByText('Entries that are not used (1)').click();
    await check.getByText(/^stars\/broken\.png: not an image/).waitFor();
    await check.getByText('Chorus would choose it').waitFor();
    await check.getByText(/^Reason: (no GPU|\d+ GPUs?) found/).waitFor();
    expect(await check.getByText(/ of memory$/).count()).toBeGreaterThan(2);
  });

  it('shows the name of a class as text, whatever it is', async () => {
    const photos = await folder.photos('hostile');
    await mkdir(join(photos, hostile));
    await cp(join(photos, 'discs/discs-00000.png'), join(photos, hostile, `${hostile}.png`));
    const { id } = await (await api('data-sets/open', { path: photos })).json();
    const page = await open(`#/data/${encodeURIComponent(id)}`);
    const card = page.getByRole('region', { name: hostile, exact: true });
    await card.getByText('1 image', { exact: true }).waitFor();
    await card.getByRole('link', { name: 'Show all images' }).click();
    await page.getByRole('heading', { level: 1, name: hostile, exact: true }).waitFor();
    await page.getByText(`${hostile}.png`, { exact: true }).waitFor();
    expect(await page.locator('img[src="x"]').count()).toBe(0);

    await page.getByRole('link', { name: 'Data', exact: true }).click();
    await page.getByRole('button', { name: 'Remove hostile' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByRole('link', { name: 'hostile' }).waitFor({ state: 'detached' });
    expect(existsSync(join(photos, hostile))).toBe(true);
  });

  it('trains while the page shows curves and lanes, and ends with accuracy and interval', async () => {
    const page = await open('#/train/shapes');
    expect(await page.getByRole('radio', { name: /^auto/ }).isChecked()).toBe(true);
    await chooseSmallSettings(page, 2);
    await page.getByRole('button', { name: 'Start training' }).click();
    await page.getByRole('status').filter({ hasText: 'Training the members …' }).waitFor();
    await page.getByRole('link', { name: 'Training …' }).waitFor();
    const wide = page.getByRole('region', { name: 'wide', exact: true });
    await wide.getByText(/^Epoch \d: loss [\d.]+ fit, [\d.]+ tune; accuracy [\d.]+ %$/).waitFor();
    expect(await wide.locator('path.line.tune').first().getAttribute('d')).toMatch(/^M\d/);
    await page.getByRole('img', { name: /^cpu:0: worked [\d.]+ s of [\d.]+ s$/ }).waitFor();
    await savePicture(page, 'studio-live-training');
    await page
      .getByRole('heading', { name: /^The ensemble classifies [\d.]+ % of the test images correctly/ })
      .waitFor();
    await page.getByText(/^95 % interval [\d.]+ – [\d.]+ %$/).waitFor();
    await page.getByRole('link', { name: 'Training …' }).waitFor({ state: 'detached' });
    await wide.getByText('Numbers').click();
    expect(await wide.getByRole('row').count()).toBe(3);
    await page.getByRole('link', { name: 'See the result' }).click();
    await expect.poll(() => page.title()).toMatch(/^Result · shapes-/);
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
    await page.getByRole('table').first().waitFor();
    expect(await page.getByRole('rowheader', { name: /^ensemble/ }).count()).toBe(1);
    const report = await page.getByRole('link', { name: 'Open the full report' }).getAttribute('href');
    expect(await (await fetch(`${running.url}/${report}`)).text()).toContain('</html>');
  });

  it('says why a training cannot start', async () => {
    const page = await open('#/train/shapes');
    await page.getByText('More settings').click();
    await page.getByLabel('Settings, one per line').fill('recipe.batchSise=16');
    await page.getByRole('button', { name: 'Start training' }).click();
    await page.getByRole('alert').filter({ hasText: 'batchSise' }).waitFor();
    await page.getByRole('status').filter({ hasText: 'The training has failed.' }).waitFor();
    await page.getByRole('link', { name: 'Train again with other settings' }).click();
    await page.getByRole('heading', { level: 1, name: 'Train' }).waitFor();
    expect(await page.getByLabel('Settings, one per line').inputValue()).toBe('recipe.batchSise=16');
  });

  it('stops a training, survives a restart of the server, and resumes', async () => {
    const page = await open('#/train/shapes');
    await chooseSmallSettings(page, 6);
    await page.getByRole('button', { name: 'Start training' }).click();
    await page
      .getByText(/^Epoch \d:/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('status').filter({ hasText: 'The training was stopped.' }).waitFor();
    const run = runOf(page);
    const { port } = new URL(running.url);
    await running.stop();
    await page.getByRole('link', { name: 'Runs' }).click();
    await page.getByRole('alert').filter({ hasText: 'The studio does not answer' }).waitFor();
    running = await serveStudio({ workspace: workspace(), port: Number(port), pages: built });
    await page.getByRole('alert').waitFor({ state: 'detached' });
    await page.getByRole('link', { name: run }).click();
    await page.getByText('not finished').first().waitFor();
    await page.getByText(/^\d+:\d\d · \d+ training images/).waitFor();
    // Then, the page has received no event of the run.
    await page.reload();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Stop' }).and(page.locator(':enabled')).waitFor();
    await page.getByRole('heading', { name: /^The ensemble classifies/ }).waitFor();
  });

  it('tries an image on the ensemble and each member, with Grad-CAM', async () => {
    const page = await open(`#/runs/${encodeURIComponent(await finishedRun())}/try`);
    await page
      .getByLabel('Choose images')
      .setInputFiles([join(drawn, 'stars/stars-00003.png'), join(folder.parent, 'notes.txt')]);
    const card = page.getByRole('article', { name: 'stars-00003.png' });
    for (const name of ['ensemble', 'wide', 'slim'])
      await card.getByRole('img', { name: new RegExp(`^Evidence for (discs|stars) by ${name}$`) }).waitFor();
    expect(await card.locator('.answer').getByRole('listitem').allInnerTexts()).toEqual([
      expect.stringMatching(/^(discs|stars)\n[\d.]+ %$/),
      expect.stringMatching(/^(discs|stars)\n[\d.]+ %$/),
    ]);
    await page.getByRole('article', { name: 'notes.txt' }).getByText('The image cannot be used').waitFor();
    await page.getByRole('button', { name: 'Use the camera' }).click();
    await page.getByRole('button', { name: 'Classify this picture' }).click();
    await page
      .getByRole('article', { name: 'camera.jpg' })
      .getByRole('img', { name: /by ensemble$/ })
      .waitFor();
  });

  it('relabels a suspected image, leaves it out, and undoes both', async () => {
    const page = await open(`#/runs/${encodeURIComponent(await finishedRun())}/labels`);
    const card = page.getByRole('article').first();
    const name = (await card.getAttribute('aria-label'))!;
    const from = name.slice(0, 5);
    const to = from === 'discs' ? 'stars' : 'discs';
    await card.getByRole('button', { name: `It is ${to} for ${name}` }).click();
    await card.getByText(`Moved to ${to}.`).waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe(`Decide again for ${name}`);
    expect(existsSync(join(workspace(), 'data/shapes', to, name))).toBe(true);
    await page.getByRole('link', { name: 'Train again' }).waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await card.getByRole('button', { name: `Leave out for ${name}` }).click();
    await card.getByText('Left out of training.').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await card.getByRole('button', { name: `Keep ${from} for ${name}` }).click();
    await card.getByText(`Kept as ${from}.`).waitFor();
    expect(existsSync(join(workspace(), 'data/shapes', from, name))).toBe(true);
  });

  it('moves images between classes', async () => {
    const page = await open('#/data/shapes/discs');
    await page.getByText('discs-00004.png', { exact: true }).click();
    await page.getByLabel('Move to').selectOption('stars');
    await page.getByRole('button', { name: 'Move', exact: true }).click();
    await page.getByText('discs-00004.png', { exact: true }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('discs-00004.png', { exact: true }).waitFor();
  });

  it('removes a class that was added by mistake', async () => {
    const page = await open('#/data/shapes');
    await page.getByLabel('Another class').fill('mistake');
    await page.getByRole('button', { name: 'Add the class' }).click();
    const folderOfClass = join(workspace(), 'data/shapes/mistake');
    await page.getByRole('button', { name: 'Remove mistake' }).click();
    await page.getByRole('region', { name: 'mistake' }).waitFor({ state: 'detached' });
    expect(existsSync(folderOfClass)).toBe(false);
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
    expect(await page.getByRole('button', { name: 'Remove discs' }).count()).toBe(0);
  });

  it('renames a class, and takes that back', async () => {
    const page = await open('#/data/shapes');
    const isIn = (label: string) => existsSync(join(workspace(), 'data/shapes', label, 'stars-00004.png'));
    await page.getByRole('button', { name: 'Rename stars' }).click();
    const field = page.getByLabel('New name');
    await field.press('Escape');
    await field.waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Rename stars');
    await page.getByRole('button', { name: 'Rename stars' }).click();
    await field.fill('discs');
    await field.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'There is already a class "discs".' }).waitFor();
    await field.fill('sparks');
    await page.getByRole('button', { name: 'Rename', exact: true }).click();
    await page.getByRole('region', { name: 'sparks' }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
    expect(isIn('sparks')).toBe(true);
    await page.getByText('stars renamed to sparks').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('region', { name: 'stars' }).waitFor();
    expect(isIn('stars')).toBe(true);
  });

  it('shows the page before when the last one is empty, and a way to images that are all left out', async () => {
    const photos = join(folder.parent, 'many');
    const [one] = await imagesOf('discs');
    for (const [name, count] of [
      ['few', 1],
      ['many', 61],
    ] as const) {
      await mkdir(join(photos, name), { recursive: true });
      for (let index = 0; index < count; index += 1) await cp(one!, join(photos, name, `${100 + index}.png`));
    }
    const { id } = await (await api('data-sets/open', { path: photos })).json();
    const page = await open(`#/data/${encodeURIComponent(id)}/many`);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('160.png', { exact: true }).click();
    await page.getByLabel('Move to').selectOption('few');
    await page.getByRole('button', { name: 'Move', exact: true }).click();
    await page.getByText('100.png', { exact: true }).waitFor();

    await page.goto(`${running.url}/#/data/${encodeURIComponent(id)}/few`);
    await page.getByText('160.png', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Select all on this page' }).click();
    await page.getByRole('button', { name: 'Leave out' }).click();
    await page.getByText('left out', { exact: true }).first().waitFor();
    await page.getByRole('link', { name: 'many', exact: true }).click();
    const card = page.getByRole('region', { name: 'few', exact: true });
    await card.getByText('0 images, 2 left out').waitFor();
    await card.getByRole('link', { name: 'Show all images' }).click();
    await page.getByText('160.png', { exact: true }).waitFor();
    await page.request.delete(`${running.url}/api/data-sets/${encodeURIComponent(id)}`);
  });

  it('says why the images of a removed or missing data set cannot be trained on', async () => {
    const page = await open('#/train/removed');
    await page.getByRole('alert').filter({ hasText: 'removed' }).waitFor();
    expect(await page.getByRole('button', { name: 'Start training' }).isDisabled()).toBe(true);
    await page.getByRole('combobox').selectOption('shapes');
    await page.getByRole('alert').waitFor({ state: 'detached' });
  });

  it('is accessible in every view, in light and dark colors, and fits narrow windows', async () => {
    const { runs } = await running.studio.describe();
    const finished = runs.filter(({ state }) => state === 'finished').map(({ id }) => id);
    const run = `#/runs/${encodeURIComponent(finished[0]!)}`;
    const views: [name: string, hash: string, text: string][] = [
      ['data-sets', '#/data', 'Your data sets'],
      ['data-set', '#/data/shapes', 'Show all images'],
      ['class', '#/data/shapes/stars', 'stars-00003.png'],
      ['train', '#/train/shapes', 'Start training'],
      ['runs', '#/runs', 'Delete'],
      ['result', run, 'Leaderboard'],
      ['training', `${run}/training`, 'See the result'],
      ['labels', `${run}/labels`, 'Leave out'],
      ['try', `${run}/try`, 'Choose images'],
      ['export', `${run}/export`, 'ONNX'],
      ['compare', `#/compare/${encodeURIComponent(finished.join('+'))}`, 'Settings that differ'],
    ];
    // The policy would block axe.
    const page = await open('', { bypassCSP: true });
    await page.evaluate(axe.source);
    for (const [name, hash, text] of views) {
      await page.goto(`${running.url}/${hash}`);
      await page.getByText(text).first().waitFor();
      for (const width of [390, 768, 1280])
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.setViewportSize({ width, height: 800 });
          await page.emulateMedia({ colorScheme });
          const violations = await page.evaluate(
            'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes[0].html]))',
          );
          expect({ hash, width, colorScheme, violations }).toEqual({ hash, width, colorScheme, violations: [] });
          const tooWide = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
          expect({ hash, width, tooWide }).toEqual({ hash, width, tooWide: 0 });
          await savePicture(page, `studio-${name}-${width}-${colorScheme}`);
        }
    }
  });

  it('works by keyboard, moves the focus to the heading of a new view, and receives events again after a fault', async () => {
    const page = await open();
    // Playwright begins to wait for dialogs at the first listener, with a message to the browser.
    page.on('filechooser', () => {});
    const focused = () =>
      page.evaluate(() => {
        const { activeElement: element } = document;
        const labels =
          element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement ? element.labels : [];
        return `${element?.tagName} ${(labels?.[0] ?? element)?.textContent}`;
      });
    // Locators wait as long as a busy machine needs.
    const headingIsFocused = (name: string | RegExp) =>
      page.getByRole('heading', { level: 1, name, exact: true }).and(page.locator(':focus')).waitFor();
    const tabTo = async (name: RegExp) => {
      for (let count = 0; count < 60; count += 1) {
        await page.keyboard.press('Tab');
        if (name.test(await focused())) return;
      }
      expect.unreachable(`nothing is called ${name}`);
    };
    await tabTo(/^INPUT Name/);
    await page.keyboard.type('keys');
    await tabTo(/^INPUT Class 1/);
    await page.keyboard.type('discs');
    await tabTo(/^INPUT Class 2/);
    await page.keyboard.type('stars');
    await page.keyboard.press('Enter');
    await headingIsFocused('keys');
    for (const name of ['discs', 'stars']) {
      await tabTo(new RegExp(`^INPUT Choose images for ${name}`));
      const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.keyboard.press('Enter')]);
      await chooser.setFiles(await imagesOf(name));
      await page.getByRole('region', { name, exact: true }).getByText('24 images').waitFor();
    }
    await page.getByRole('heading', { level: 1 }).focus();
    await tabTo(/^A Train on these images/);
    await page.keyboard.press('Enter');
    await headingIsFocused('Train');
    await tabTo(/^SUMMARY More settings/);
    await page.keyboard.press('Enter');
    await tabTo(/^TEXTAREA Settings/);
    await page.keyboard.type(smallSettings(40).join('\n'));
    await tabTo(/^BUTTON Start training/);
    const events = /\/events$/;
    await page.route(events, (route) => route.abort());
    await page.keyboard.press('Enter');
    await headingIsFocused(/^keys-/);
    await page.getByRole('alert').filter({ hasText: 'This page connects again' }).waitFor();
    await page.unroute(events);
    await page.getByRole('alert').waitFor({ state: 'detached' });
    await tabTo(/^BUTTON Stop/);
    await page.keyboard.press('Enter');
    await page.getByRole('status').filter({ hasText: 'The training was stopped.' }).waitFor();
  });

  it('compares two runs, exports one, and deletes one after a question', async () => {
    const page = await open('#/runs');
    const finished = page.getByRole('checkbox', { disabled: false });
    await finished.nth(1).waitFor();
    expect(await finished.count()).toBe(2);
    for (const box of await finished.all()) await box.check();
    await page.getByRole('button', { name: 'Compare 2 runs' }).click();
    await page.getByText('The runs were tested on the same images').waitFor();
    await page.getByRole('rowheader', { name: 'recipe.whole.epochCount' }).waitFor();
    const comparison = await page.getByRole('link', { name: 'Open the full comparison' }).getAttribute('href');
    expect((await fetch(`${running.url}/${comparison}`)).status).toBe(200);

    await page.getByRole('columnheader').getByRole('link').first().click();
    const run = runOf(page);
    await page.getByRole('link', { name: 'Export' }).click();
    await page.getByRole('button', { name: 'Export as ONNX' }).click();
    await page.getByText(/^Wrote \d+ files, [\d.]+ MB:$/).waitFor();
    expect((await readdir(join(workspace(), 'runs', run))).length).toBeGreaterThan(0);

    await page.goto(`${running.url}/#/runs`);
    await page.getByRole('button', { name: `Delete ${run}` }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete this run?' });
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await page
      .getByRole('button', { name: `Delete ${run}` })
      .and(page.locator(':focus'))
      .waitFor();
    expect(existsSync(join(workspace(), 'runs', run, 'bundle'))).toBe(true);
    await page.getByRole('button', { name: `Delete ${run}` }).click();
    await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('button', { name: `Delete ${run}` }).waitFor({ state: 'detached' });
    expect(existsSync(join(workspace(), 'runs', run, 'bundle'))).toBe(false);
  });

  it('exports the student of a run that has one', async () => {
    const run = 'with-student';
    await cp(join(workspace(), 'runs', await finishedRun()), join(workspace(), 'runs', run), { recursive: true });
    await writePets(join(workspace(), 'runs', run, 'bundle'));
    const page = await open(`#/runs/${run}/export`);
    await page.getByLabel('Export').selectOption('the student alone');
    await page.getByRole('button', { name: 'Export as ONNX' }).click();
    await page.getByText(/^Wrote \d+ files, [\d.]+ [kM]B:$/).waitFor();
    await page.getByText(join('runs', run, 'export-student-onnx')).waitFor();
    expect(await page.getByRole('button', { name: 'Export again' }).count()).toBe(1);
    await page.getByLabel('Export').selectOption('the ensemble');
    await page.getByRole('button', { name: 'Export as ONNX' }).waitFor();
    expect(await page.getByRole('button', { name: 'Export again' }).count()).toBe(0);
    await page.getByLabel('Export').selectOption('the student alone');
    await page.getByRole('button', { name: 'Export again' }).waitFor();
    await savePicture(page, 'studio-export-student');
  });
});

/** A request of a test, not of the page. */
function api(path: string, body: object): Promise<Response> {
  return fetch(`${running.url}/api/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}
