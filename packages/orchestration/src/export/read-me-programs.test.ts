/** The programs and pages of the exports' READMEs, run as they are, on files that need decoding and resizing. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import tf from '@chorus/tfjs';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FileServer, serveFiles } from '../../../predictor/src/bundles.fixture.ts';
import { predictFiles } from '../predict.ts';
import { exportBundle } from './export-bundle.ts';
import { writeLivelyBundle } from './lively-bundle.fixture.ts';
import { writePhotos } from './photos.fixture.ts';

/** Debian's; CHORUS_CHROMIUM names another. */
const chromiumPath = process.env.CHORUS_CHROMIUM ?? '/usr/bin/chromium';
const hasChromium = existsSync(chromiumPath);
if (!hasChromium)
  console.warn(
    `Skipped: no Chromium at ${chromiumPath}; install it, or name one with CHORUS_CHROMIUM, to test the pages.`,
  );

const require = createRequire(import.meta.url);
/** The folders of packages in `node_modules`; onnxruntime-web has the API of onnxruntime-node and needs no native library. */
const packages = {
  'onnxruntime-node': dirname(dirname(require.resolve('onnxruntime-web'))),
  sharp: dirname(dirname(require.resolve('sharp'))),
  '@tensorflow/tfjs': dirname(dirname(require.resolve('@tensorflow/tfjs'))),
};
const exports = [
  { what: 'the ensemble for onnxruntime', format: 'onnx', student: false },
  { what: 'the student for onnxruntime', format: 'onnx', student: true },
  { what: 'the ensemble for tfjs', format: 'tfjs', student: false },
  { what: 'the student for tfjs', format: 'tfjs', student: true },
] as const;
type Exported = (typeof exports)[number];
const folderOf = ({ format, student }: Exported) => `export${student ? '-student' : ''}-${format}`;

let parent: string;
let photos: string[];
let server: FileServer;
const at = (name: string) => join(parent, name);

beforeAll(async () => {
  tf.enableProdMode();
  parent = await mkdtemp(join(tmpdir(), 'chorus-read-me-'));
  const backbone = { family: 'mobilenet', alpha: 0.25 } as const;
  await writeLivelyBundle(
    at('run/bundle'),
    [
      { name: 'one', backbone: { ...backbone, inputSize: 32 }, modelCount: 2 },
      { name: 'two', backbone: { ...backbone, inputSize: 47 } },
    ],
    {
      ...{ classes: ['discs', 'stars'], testTimeAugmentation: true, chosen: 'weighted', resize: 'pillow' },
      ...{ calibration: { kind: 'temperature', temperature: 1.5 }, background: 'rgb(192 128 64)' },
      student: { ...backbone, inputSize: 40 },
    },
  );
  for (const [name, folder] of Object.entries(packages)) {
    await mkdir(dirname(at(`run/node_modules/${name}`)), { recursive: true });
    await symlink(folder, at(`run/node_modules/${name}`));
  }
  photos = await writePhotos(parent);
  for (const { format, student } of exports) await exportBundle(at('run/bundle'), format, { student });
  server = await serveFiles({ run: at('run') });
});
afterAll(async () => {
  await server?.close();
  await rm(parent, { recursive: true, force: true });
});

/** The program of a README in a language. */
async function blockOf(exported: Exported, language: 'js' | 'html'): Promise<string> {
  const text = await readFile(at(`run/${folderOf(exported)}/README.md`), 'utf8');
  return new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'ms').exec(text)![1]!;
}

async function expected({ student }: Exported): Promise<number[][]> {
  const { predictions } = await predictFiles(at('run/bundle'), photos, { student, workers: 'cpu:0' });
  const rows = predictions.map(({ probabilities }) => Object.values(probabilities));
  expect(rows).toHaveLength(photos.length);
  // The images have different answers, so that a mix-up would show.
  expect(Math.abs(rows[0]![0]! - rows[1]![0]!)).toBeGreaterThan(1e-3);
  return rows;
}

describe('the program for node', () => {
  it.each(exports)('of $what has ten lines and predicts the same as predict', async (exported) => {
    const program = await blockOf(exported, 'js');
    expect(program.match(/^.*\S.*$/gm)!.length).toBeLessThanOrEqual(10);
    const folder = at(`run/${folderOf(exported)}`);
    await writeFile(join(folder, 'classify.mjs'), program);
    for (const [index, row] of (await expected(exported)).entries()) {
      const words = exported.format === 'tfjs' ? [`${server.url}/run/${folderOf(exported)}`] : [];
      const { stdout } = await promisify(execFile)(process.execPath, ['classify.mjs', ...words, photos[index]!], {
        cwd: folder,
      });
      const found = Array.from(stdout.matchAll(/\d\.\d+(e-\d+)?/g), ([number]) => Number(number));
      expect(found).toHaveLength(row.length);
      for (const [label, probability] of row.entries())
        expect(Math.abs(found[label]! - probability)).toBeLessThan(1e-5);
    }
  });
});

describe.skipIf(!hasChromium)('the page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: chromiumPath,
      args: ['--no-sandbox', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
    });
  });
  afterAll(() => browser?.close());

  it.each(exports)('of $what classifies files and the camera', async (exported) => {
    const folder = at(`run/page-${folderOf(exported)}`);
    await cp(at(`run/${folderOf(exported)}`), folder, { recursive: true });
    await writeFile(join(folder, 'index.html'), await blockOf(exported, 'html'));
    const runtimeFiles =
      exported.format === 'tfjs'
        ? { '@tensorflow/tfjs': ['tf.min.js'] }
        : { 'onnxruntime-node': ['ort.wasm.bundle.min.mjs', 'ort-wasm-simd-threaded.wasm'] };
    for (const [name, files] of Object.entries(runtimeFiles))
      for (const file of files) await cp(at(`run/node_modules/${name}/dist/${file}`), join(folder, file));

    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(`${server.url}/run/page-${folderOf(exported)}/index.html`);
    const output = page.locator('output');
    const shown = async (before: string) => {
      // It is empty while a file is being classified.
      await expect
        .poll(async () => ['', before].includes((await output.textContent())!), { timeout: 30_000 })
        .toBe(false);
      return (await output.textContent())!;
    };
    expect(await shown('Loading …')).toBe('Ready');
    let before = 'Ready';
    for (const [index, row] of (await expected(exported)).entries()) {
      await page.setInputFiles('input', photos[index]!);
      before = await shown(before);
      const found = Array.from(before.matchAll(/(\w+) ([\d.]+) %/g), ([, label, value]) => ({ label, value }));
      expect(found.map(({ label }) => label)).toEqual(['discs', 'stars']);
      // Shown with one decimal; a browser may round pixels of a JPEG file otherwise than libjpeg, and translucent ones otherwise than libvips.
      for (const [label, probability] of row.entries())
        expect(Math.abs(Number(found[label]!.value) - 100 * probability)).toBeLessThan(1);
    }
    await writeFile(at('text.png'), 'no image');
    await page.setInputFiles('input', at('text.png'));
    before = await shown(before);
    expect(before).toMatch(/decode/i);
    await page.getByText('Use the camera').click();
    expect(await shown(before)).toMatch(/^discs [\d.]+ %, stars [\d.]+ %$/);
    expect(errors).toEqual([]);
    await page.close();
  });
});
