import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ImageClassifier, type ImageSource, loadClassifier } from '@chorus/predictor';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type FileServer,
  serveFiles,
  smoothFile,
  writePets,
} from '../../../../packages/predictor/src/bundles.fixture.ts';
import { savePicture } from '../../../../pictures.fixture.ts';

/** Debian's; CHORUS_CHROMIUM names another. */
const program = process.env.CHORUS_CHROMIUM ?? '/usr/bin/chromium';
const hasChromium = existsSync(program);
if (!hasChromium)
  console.warn(`Skipped: no Chromium at ${program}; install it, or name one with CHORUS_CHROMIUM, to test the page.`);

const built = fileURLToPath(new URL('../../dist/classify', import.meta.url));

let parent: string;
let server: FileServer;
let browser: Browser;
let node: ImageClassifier<ImageSource>;
const at = (name: string) => join(parent, name);

beforeAll(async () => {
  if (!hasChromium) return;
  parent = await mkdtemp(join(tmpdir(), 'chorus-classify-'));
  await writePets(at('pets'));
  await mkdir(at('empty'));
  await writeFile(at('empty/notes.txt'), 'no bundle');
  await writeFile(at('cat.png'), await smoothFile('png', 1));
  await writeFile(at('dog.png'), await smoothFile('png', 2));
  await writeFile(at('<img src=x onerror=alert(1)>.png'), '<html></html>');
  node = await loadClassifier(at('pets'), { threads: 1 });
  server = await serveFiles({ classify: built, models: parent });
  browser = await chromium.launch({
    executablePath: program,
    args: ['--no-sandbox', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
  });
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  await node?.dispose();
  if (parent !== undefined) await rm(parent, { recursive: true, force: true });
});

let opened: Page | undefined;
afterEach(async () => {
  await opened?.context().close();
  opened = undefined;
});

/** Opens the page until the test ends. */
async function open(query = ''): Promise<Page> {
  opened = await openPage(query);
  return opened;
}

/** Opens the page, and fails on errors in it. */
async function openPage(query: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on('pageerror', (error) => expect.unreachable(error.message));
  page.on('dialog', (dialog) => expect.unreachable(dialog.message()));
  await page.goto(`${server.url}/classify/index.html${query}`);
  return page;
}

const pets = '?bundle=/models/pets';
const ready = (page: Page) =>
  page
    .getByRole('status')
    .filter({ hasText: /^Ready \(WebAssembly\): cats, dogs$/ })
    .waitFor();

/** The classes and percentages of a card. */
async function answerOf(page: Page, name: string): Promise<string[]> {
  const card = page.getByRole('figure').filter({ hasText: name });
  await card.getByRole('list').waitFor();
  return card.getByRole('listitem').allInnerTexts();
}

async function answerInNode(file: string): Promise<string[]> {
  const classes = await node.classify(at(file));
  return classes.map(({ label, probability }) => `${label}\n${(100 * probability).toFixed(1)} %`);
}

it('has one build of onnxruntime, without WebGPU', async () => {
  const files = await readdir(built, { recursive: true });
  expect(files.filter((file) => file.endsWith('.wasm'))).toEqual([
    expect.stringMatching(/^assets\/ort-wasm-simd-threaded-[\w-]+\.wasm$/),
  ]);
  expect(files.filter((file) => file.includes('webgpu'))).toEqual([]);
});

describe.skipIf(!hasChromium)('the page that classifies', () => {
  it('classifies chosen images as node does, with the bundle that its address names', async () => {
    const page = await open(pets);
    await ready(page);
    expect(await page.title()).toMatch(/^Classify: /);
    await page.getByLabel('Choose images').setInputFiles([at('cat.png'), at('dog.png')]);
    for (const name of ['cat.png', 'dog.png']) expect(await answerOf(page, name)).toEqual(await answerInNode(name));
    expect(await answerOf(page, 'cat.png')).not.toEqual(await answerOf(page, 'dog.png'));
  });

  it('loads a folder that the user chooses, also one above the bundle', async () => {
    const page = await open();
    await page.getByRole('status').filter({ hasText: 'No bundle is loaded yet.' }).waitFor();
    expect(await page.getByLabel('Choose images').isDisabled()).toBe(true);
    const before = server.requests.length;
    await page.getByLabel('Choose a bundle folder').setInputFiles(parent);
    await ready(page);
    await page.getByLabel('Choose images').setInputFiles(at('dog.png'));
    expect(await answerOf(page, 'dog.png')).toEqual(await answerInNode('dog.png'));
    expect(server.requests.slice(before).filter((path) => path.startsWith('/models'))).toEqual([]);
  });

  it('loads a bundle by its URL, after a folder without one', async () => {
    const page = await open();
    await page.getByLabel('Choose a bundle folder').setInputFiles(at('empty'));
    await page
      .getByRole('alert')
      .filter({ hasText: /^Expected a folder with a bundle: .* Received empty\/notes\.txt\.$/ })
      .waitFor();
    await page.getByLabel('URL of a bundle').fill(`${server.url}/models/pets`);
    await page.getByRole('button', { name: 'Load' }).click();
    await ready(page);
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  it('answers by its first network while the others load, and after they have failed', async () => {
    const page = await open();
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route('**/pets/members/two/1.bin', async (route) => {
      await released;
      await route.fulfill({ status: 503 });
    });
    await page.goto(`${server.url}/classify/index.html${pets}`);
    await page.getByText('The first network answers; the others are loading …').waitFor();
    await page.getByLabel('Choose images').setInputFiles(at('cat.png'));
    const student = await loadClassifier(at('pets'), { student: true, threads: 1 });
    const classes = await student.classify(at('cat.png'));
    await student.dispose();
    const expected = classes.map(({ label, probability }) => `${label}\n${(100 * probability).toFixed(1)} %`);
    expect(await answerOf(page, 'cat.png')).toEqual(expected);
    await page.getByText('By the first network').waitFor();
    release();
    await page.getByRole('alert').filter({ hasText: 'the server answered with status 503' }).waitFor();
    await page.getByText('Only the first network answers.').waitFor();
    await page.getByLabel('Choose images').setInputFiles(at('dog.png'));
    expect(await answerOf(page, 'dog.png')).not.toEqual(await answerInNode('dog.png'));
    // Another attempt loads all of it, and classifies the images again.
    await page.unroute('**/pets/members/two/1.bin');
    await page.getByLabel('URL of a bundle').fill(`${server.url}/models/pets`);
    await page.getByRole('button', { name: 'Load' }).click();
    await ready(page);
    await page.getByText('By the first network').first().waitFor({ state: 'detached' });
    for (const name of ['cat.png', 'dog.png']) expect(await answerOf(page, name)).toEqual(await answerInNode(name));
  });

  it('can load a bundle after its worker has failed', async () => {
    const page = await open();
    await page.route('**/classifier.worker*.js', (route) => route.abort());
    await page.getByLabel('Choose a bundle folder').setInputFiles(at('pets'));
    await page.getByRole('alert').filter({ hasText: 'The classifier does not run' }).waitFor();
    await page.unroute('**/classifier.worker*.js');
    await page.getByLabel('Choose a bundle folder').setInputFiles(at('pets'));
    await ready(page);
  });

  it('keeps a limited number of images, and says so', async () => {
    const page = await open(pets);
    await ready(page);
    const files = Array.from({ length: 201 }, (_, index) => ({
      ...{ name: `${index}.png`, mimeType: 'image/png', buffer: Buffer.from('no image') },
    }));
    await page.getByLabel('Choose images').setInputFiles(files);
    await page.getByRole('alert').filter({ hasText: 'Of 201 files, the first 200 are classified' }).waitFor();
    await page.getByText('Cannot decode 199.png').waitFor();
    expect(await page.getByRole('figure').count()).toBe(200);
  });

  it('says what is wrong with an address', async () => {
    const page = await open('?bundle=/models/nothing');
    await page
      .getByRole('alert')
      .filter({ hasText: /models\/nothing\/SHA256SUMS: the server answered with status 404/ })
      .waitFor();
  });

  it('takes dropped and pasted images', async () => {
    const page = await open(pets);
    await ready(page);
    for (const [kind, name] of [
      ['drop', 'cat.png'],
      ['paste', 'dog.png'],
    ] as const) {
      const content = [...(await smoothFile('png', name === 'cat.png' ? 1 : 2))];
      await page.evaluate(
        ([kind, name, content]) => {
          const data = new DataTransfer();
          data.items.add(new File([Uint8Array.from(content)], name, { type: 'image/png' }));
          document.body.dispatchEvent(
            kind === 'drop'
              ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })
              : new ClipboardEvent('paste', { clipboardData: data, bubbles: true }),
          );
        },
        [kind, name, content] as const,
      );
      expect(await answerOf(page, name)).toEqual(await answerInNode(name));
    }
  });

  it('says which image it cannot decode, whatever its name', async () => {
    const page = await open(pets);
    await ready(page);
    const name = '<img src=x onerror=alert(1)>.png';
    await page.getByLabel('Choose images').setInputFiles([at(name), at('cat.png')]);
    const card = page.getByRole('figure').filter({ hasText: name });
    await card.getByText(`Cannot decode ${name}: this browser decodes no image from it.`).waitFor();
    expect(await answerOf(page, 'cat.png')).toEqual(await answerInNode('cat.png'));
  });

  it('classifies what the camera sees, until it is stopped', async () => {
    const page = await open(pets);
    await ready(page);
    await page.getByRole('button', { name: 'Use the camera' }).click();
    const card = page.getByRole('figure');
    await card
      .getByText(/^\d+\.\d %$/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Stop the camera' }).click();
    await card.waitFor({ state: 'detached' });
  });

  it('loads little before the classifier', async () => {
    const page = await open();
    await page.getByRole('status').waitFor();
    const bytes = await page.evaluate(() =>
      [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .map((entry) => entry as PerformanceResourceTiming)
        .filter(({ name }) => !name.includes('worker'))
        .reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0),
    );
    expect(bytes).toBeGreaterThan(1000);
    expect(bytes).toBeLessThan(200_000);
  });

  describe('with two images', () => {
    let page: Page;
    beforeAll(async () => {
      // The policy would block axe.
      page = await openPage(pets, { bypassCSP: true });
      await ready(page);
      await page.getByLabel('Choose images').setInputFiles([at('cat.png'), at('dog.png')]);
      for (const name of ['cat.png', 'dog.png']) await answerOf(page, name);
    });
    afterAll(() => page?.context().close());

    it('works by keyboard', async () => {
      const names: string[] = [];
      for (let count = 0; count < 4; count += 1) {
        await page.keyboard.press('Tab');
        names.push(
          await page.evaluate(() => {
            const { activeElement: element } = document;
            const label =
              element instanceof HTMLInputElement
                ? (element.labels?.[0]?.textContent ?? element.ariaLabel)
                : element?.textContent;
            return (label ?? '').trim();
          }),
        );
      }
      // Without a URL, the button beside it is disabled.
      expect(names).toEqual(['Choose a bundle folder', 'URL of a bundle', 'Choose images', 'Use the camera']);
    });

    it.each(['light', 'dark'] as const)('is accessible in %s colors', async (colorScheme) => {
      await page.emulateMedia({ colorScheme });
      await page.evaluate(axe.source);
      const violations = await page.evaluate(
        'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes[0].html]))',
      );
      expect(violations).toEqual([]);
    });

    it.each([390, 768, 1280])('fits a window of %i pixels', async (width) => {
      await page.setViewportSize({ width, height: 800 });
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await savePicture(page, `classify-${width}-${colorScheme}`);
      }
    });
  });
});
