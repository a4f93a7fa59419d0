import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError } from '@chorus/orchestration';
import axe from 'axe-core';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { savePicture } from '../../../pictures.fixture.ts';
import { type RunFolderOptions, writeRunFolder } from './run-folder.fixture.ts';
import { writeComparison, writeRunReport } from './write-report.ts';

const made: string[] = [];

async function runFolder(options?: RunFolderOptions) {
  const run = await writeRunFolder(options);
  made.push(dirname(run.folder));
  return run;
}

afterAll(async () => {
  for (const folder of made) await rm(folder, { recursive: true });
});

const headings = ['Leaderboard', 'Cost of a prediction', 'Classes', 'Mistakes', 'Suspected labels', 'Probabilities'];

describe('writeRunReport', () => {
  it('writes one page with charts, pictures and tables, and a model card', async () => {
    const { folder } = await runFolder();
    const files = await writeRunReport(folder);
    expect(files).toEqual({ page: join(folder, 'report.html'), modelCard: join(folder, 'MODEL_CARD.md') });
    const page = await readFile(files.page, 'utf8');
    for (const heading of [...headings, 'Members', 'Data', 'Time', 'Provenance'])
      expect(page).toMatch(new RegExp(`<h2 id="[a-z]+">${heading}</h2>`));
    for (const title of [
      'Confusion matrix',
      'Reliability',
      'ROC',
      'Disagreement',
      'a: loss',
      'Stacker dense: loss',
      'Lanes',
    ])
      expect(page).toContain(`<h3>${title}</h3>`);
    expect(page).toContain('The run averages the views of <b>mirror</b>');
    expect(page).toContain(
      '<th scope="row">mirror</th><td>2</td><td>0.3100</td><td>0.0100 ± 0.0200</td><td>chosen</td>',
    );
    expect(page).toContain('Of 30 png and 2 jpeg files, the smallest image has 24 × 16 pixels');
    expect(page).toContain('<th scope="row">16 to 22</th><td>30</td>');
    expect(page).toContain('Fitted on out-of-fold predictions of the members, but not chosen. Kept: epoch 2.');
    // 2 mistakes, 1 suspected label, 4 and 12 images on the contact sheets, 2 copies in two sets; every picture is there. Of the
    // mistakes and the label, maps of the ensemble and 2 members.
    expect(page.match(/<img src="data:image\/webp;base64,/g)).toHaveLength(2 + 1 + 4 + 12 + 2 + 3 * 3);
    for (const text of [
      'ensemble: evidence for dogs, upper left',
      'a: evidence for cats, upper left',
      'b: no evidence for dogs',
    ])
      expect(page).toContain(`alt="Grad-CAM of ${text}"`);
    expect(page).not.toContain('class="missing"');
    expect(page).toContain('1 image could not be used.');
    // Any letters occur in pictures.
    expect(page.replaceAll(/base64,[\w+/=]+/g, '')).not.toMatch(/undefined|NaN|\[object/);
    expect(Buffer.byteLength(page)).toBeLessThan(5_000_000);
    const card = await readFile(files.modelCard!, 'utf8');
    expect(card).toContain('| cats | 6 | 83.3 % |');
    // Their backbones may be frozen.
    expect(card).toMatch(/^An ensemble of 2 image classifiers, trained with Chorus 0\.1\.0/m);
  });

  it('writes a model card with front matter that YAML parsers read, whatever the names are', async () => {
    const frontMatterOf = async (folder: string): Promise<unknown> => {
      const card = await readFile((await writeRunReport(folder)).modelCard!, 'utf8');
      const [, text] = /^---\n(.*?)\n---\n/s.exec(card)!;
      return parse(text!);
    };
    const { folder, report } = await runFolder();
    const { accuracy, macroF1, auc, logLoss } = report.stackers[0]!.test;
    const dataset = { type: 'imagefolder', split: 'test' };
    const expected = (name: string, title: string) => ({
      ...{ library_name: 'chorus', pipeline_tag: 'image-classification', metrics: ['accuracy'] },
      tags: ['image-classification', 'ensemble'],
      'model-index': [
        {
          name: title,
          results: [
            {
              task: { type: 'image-classification' },
              dataset: { name, ...dataset },
              metrics: [
                { type: 'accuracy', name: 'accuracy', value: accuracy },
                { type: 'f1', name: 'macro F1', value: macroF1 },
                { type: 'roc_auc', name: 'AUC', value: auc },
                { type: 'log_loss', name: 'log loss', value: logLoss },
              ],
            },
          ],
        },
      ],
    });
    expect(await frontMatterOf(folder)).toEqual(expected('shapes', 'shapes classifier'));
    const hostile = 'a: b # "c" \'d\' \\ {e} - *f &g !h %i @j [k';
    const other = await runFolder({
      change: (one) => ({ ...one, dataset: { ...one.dataset, name: hostile } }),
    });
    expect(await frontMatterOf(other.folder)).toEqual(expected(hostile, `${hostile} classifier`));
  });

  it('has whole hashes, the fingerprint of the images, the bundle and the stages of each training', async () => {
    const { folder } = await runFolder({ datasetFingerprint: 'f'.repeat(64) });
    const without = await readFile((await writeRunReport(folder)).page, 'utf8');
    expect(without).not.toContain('SHA-256 of bundle/SHA256SUMS');
    const list = `${'a'.repeat(64)}  bundle.json\n`;
    await mkdir(join(folder, 'bundle'));
    await writeFile(join(folder, 'bundle/SHA256SUMS'), list);
    const page = await readFile((await writeRunReport(folder)).page, 'utf8');
    const text = page.replaceAll('<wbr>', '');
    expect(text).toContain(`>${'0123456789abcdef'.repeat(4)}</code>`);
    expect(text).toContain(`>${'f'.repeat(64)}</code>`);
    expect(text).toContain(`>${createHash('sha256').update(list).digest('hex')}</code>`);
    expect(page).toContain('<th scope="col">head</th><th scope="col">fine-tune</th>');
    expect(page).toContain('<th scope="row">trains</th><td>head</td><td>lastLayers 30</td>');
    expect(page).toContain('<th scope="row">optimizer</th><td>kind adam, weightDecay 0.01</td>');
    expect(page).toContain('<th scope="row">batchSize</th><td>–</td><td>16</td>');
    expect(page).toContain('<th scope="row">holdout</th><td>7</td><td>20</td><td>4</td><td>8</td><td>yes</td>');
  });

  it('says why the stages of the trainings are missing', async () => {
    const { folder } = await runFolder();
    await writeFile(join(folder, 'plan.json'), '{"lanes": [], "members": 3}');
    const page = await readFile((await writeRunReport(folder)).page, 'utf8');
    expect(page).toMatch(/Not on this page.*plan\.json is not the plan of a run: members/s);
    expect(page).not.toContain('Stages of each training');
    await rm(join(folder, 'plan.json'));
    expect(await readFile((await writeRunReport(folder)).page, 'utf8')).not.toContain('Stages of each training');
  });

  it('shows the pictures that are in several sets', async () => {
    const { folder, data } = await runFolder();
    const sheet = async () =>
      /<h4>In fit and test: cats<\/h4><ul class="sheet">(.*?)<\/ul>/s.exec(
        await readFile((await writeRunReport(folder)).page, 'utf8'),
      )?.[1];
    expect(await sheet()).toMatch(
      /<img [^>]*alt="test\/0\/picture-2\.png">.*<img [^>]*alt="test\/0\/picture-3\.png">/s,
    );
    await rm(join(data, 'test/0/picture-3.png'));
    expect(await sheet()).toContain('<div class="missing">the file is gone</div>');
  });

  it('has the intervals of the scores, and what to expect of doubtful images', async () => {
    const { folder } = await runFolder();
    const page = await readFile((await writeRunReport(folder)).page, 'utf8');
    const row = (name: string, ...cells: string[]) =>
      `<th scope="row">${name}</th>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`.replaceAll(
        ' %',
        '&#160;%',
      );
    for (const expected of [
      row('balanced accuracy', '83.3 %', '61.0 – 97.0 %'),
      row('log loss minus that of the best member', '−0.0123', '−0.0310 to 0.0045'),
      row('80 % of the images', '65.0000 %', '75.0 %', '87.50 %'),
      row('90 %', '96.0 %', '1.25', '75.0 %', '0.0 %'),
    ])
      expect(page).toContain(expected);
  });

  it('says why a picture is missing, and reads none outside the data folder', async () => {
    const { folder, data, report } = await runFolder();
    const [first, second] = report.mistakes;
    await rm(join(data, first!.path));
    await rm(join(data, second!.path));
    await symlink('/etc/hostname', join(data, second!.path));
    const page = await readFile((await writeRunReport(folder)).page, 'utf8');
    expect(page).toContain('<div class="missing">the file is gone</div>');
    expect(page).toContain('<div class="missing">outside the data folder</div>');
  });

  it('says why a run has no Grad-CAM maps', async () => {
    const without = await runFolder({ hasGradCam: false });
    const page = await readFile((await writeRunReport(without.folder)).page, 'utf8');
    expect(page).toContain('The run has no Grad-CAM maps');
    expect(page).not.toContain('alt="Grad-CAM');
    const damaged = await runFolder();
    await writeFile(join(damaged.folder, 'grad-cam.json'), '{"schemaVersion": 9}');
    const other = await readFile((await writeRunReport(damaged.folder)).page, 'utf8');
    expect(other).toContain('The run has no Grad-CAM maps');
    expect(other).toContain('expected Grad-CAM maps of this version of Chorus');
  });

  it('shows other pictures even if the maps of an image cannot be drawn', async () => {
    const { folder, data, report } = await runFolder();
    await rm(join(data, report.mistakes[0]!.path));
    const page = await readFile((await writeRunReport(folder)).page, 'utf8');
    // The other mistake: the missing file is that of the suspected label, too.
    expect(page.match(/alt="Grad-CAM/g)).toHaveLength(3);
  });

  it('says which trainings were retried, what was edited, and which trainings are older', async () => {
    const text = 'the loss became NaN in step 2 of epoch 4 of stage "whole" at learning rate 1; retried from epoch 1';
    const training = {
      fold: { kind: 'holdout' },
      device: 'cpu:0',
      backingDevice: 'CPU:0',
      precision: 'float32',
    } as const;
    const broken = { stage: 'whole', epochIndex: 3, stepIndex: 1, loss: 'NaN', learningRate: 1 } as const;
    const { folder } = await runFolder({
      change: (report) => ({
        ...report,
        edits: ['recipe.whole.epochCount was 2, is now 3', 'images in <photos>: the class "a" is new'],
        members: report.members.map((member) => ({
          ...member,
          trainings: [
            {
              ...{ ...training, seconds: 1, resumed: true, otherPlan: 'member.stages.0.epochCount was 2, is now 3' },
              retry: { ...broken, text, fromEpochIndex: 0, rateFactor: 0.1 },
            },
          ],
        })),
      }),
    });
    const page = await readFile((await writeRunReport(folder)).page, 'utf8');
    expect(page).toContain('<li>b: the loss became NaN in step 2 of epoch 4 of stage &#34;whole&#34;');
    expect(page).toContain('<li>images in &#60;photos&#62;: the class &#34;a&#34; is new</li>');
    expect(page).toContain('<li>b: member.stages.0.epochCount was 2, is now 3</li>');
  });

  it('reports a run without an ensemble and without predictions', async () => {
    const { folder } = await runFolder({
      change: (report) => ({
        ...{ ...report, bestMember: null, stackers: [], mistakes: [], labelAudit: null, analysis: null, costs: null },
        members: report.members.map((member) => ({
          ...{ ...member, status: 'failed', reason: 'diverged', predictsWith: null, outOfFold: null, test: null },
        })),
      }),
    });
    const files = await writeRunReport(folder);
    expect(files.modelCard).toBeNull();
    const page = await readFile(files.page, 'utf8');
    expect(page).toContain('a and b failed.');
    expect(page).not.toContain('Leaderboard');
  });

  it('names what it could not read', async () => {
    const { folder } = await runFolder();
    await writeFile(join(folder, 'predictions.csv'), 'path,label\n');
    const page = await readFile((await writeRunReport(folder)).page, 'utf8');
    expect(page).toContain('Not on this page');
    expect(page).toContain('expected the probabilities of mean');
  });

  it('refuses a folder that is not a run', async () => {
    await expect(writeRunReport(tmpdir())).rejects.toThrow(ConfigError);
  });
});

describe('writeComparison', () => {
  it('compares runs on the same images', async () => {
    const runs = [await runFolder(), await runFolder({ seed: 1 })];
    const out = join(dirname(runs[0]!.folder), 'comparison.html');
    await writeComparison(
      runs.map(({ folder }) => folder),
      out,
    );
    const page = await readFile(out, 'utf8');
    expect(page).toContain('2 runs reach the highest accuracy, 83.3&#160;%. All runs have the same images');
    expect(page).toContain('<h2 id="pairs">Pairs</h2>');
    expect(page).not.toContain('p, adjusted');
    expect(page).toContain('<th scope="row">seed</th><td><code>0</code></td><td><code>1</code></td>');
  });

  it('adjusts the p-values of several pairs by Holm’s method', async () => {
    // The first run has an error in each class.
    const classes = Array.from({ length: 10 }, (_, index) => `class ${index}`);
    const runs: Awaited<ReturnType<typeof runFolder>>[] = [];
    for (const [seed, classesWithoutErrors] of [0, 6, 8].entries())
      runs.push(await runFolder({ classes, seed, classesWithoutErrors }));
    const out = join(dirname(runs[0]!.folder), 'comparison.html');
    await writeComparison(
      runs.map(({ folder }) => folder),
      out,
    );
    const page = await readFile(out, 'utf8');
    expect(page).toContain('adjusts them for the 2 comparisons');
    // 2 × 0.5^6 = 0.031 and 2 × 0.5^8 = 0.008, of which the smaller one is multiplied by 2 and the larger one by 1.
    expect(page).toMatch(/<th scope="row">run-1<\/th><td>6<\/td><td>0<\/td><td>0\.031<\/td><td>0\.031<\/td>/);
    expect(page).toMatch(/<th scope="row">run-2<\/th><td>8<\/td><td>0<\/td><td>0\.008<\/td><td>0\.016<\/td>/);
  });

  it('compares runs of other splits that were tested on the same files', async () => {
    const runs = [await runFolder(), await runFolder({ seed: 1, datasetFingerprint: 'other' })];
    const out = join(dirname(runs[0]!.folder), 'comparison.html');
    const folders = runs.map(({ folder }) => folder);
    await writeComparison(folders, out);
    const page = await readFile(out, 'utf8');
    expect(page).toContain('All runs were tested on the same files.');
    expect(page).toContain('<h2 id="pairs">Pairs</h2>');
    const others = await runFolder({
      seed: 2,
      datasetFingerprint: 'third',
      imageName: (index) => `other-${index}.png`,
    });
    await writeComparison([...folders, others.folder], out);
    const differing = await readFile(out, 'utf8');
    expect(differing).toContain('their accuracies are not comparable');
    expect(differing).not.toContain('Pairs');
  });

  it.each([
    [1, 'x.html', 'at least two runs'],
    [2, 'x.json', 'ends in .html'],
  ])('refuses %i runs with the output %s', async (count, out, message) => {
    await expect(writeComparison(Array(count).fill('/nowhere'), `/nowhere/${out}`)).rejects.toThrow(message);
  });
});

const chromiumPath = process.env.CHORUS_CHROMIUM ?? '/usr/bin/chromium';
const hasChromium = existsSync(chromiumPath);
if (!hasChromium) console.warn(`no browser at ${chromiumPath}: the tests of the page in a browser are skipped`);

describe.skipIf(!hasChromium)('the page in a browser', () => {
  const attack = (number: number) =>
    [
      `<script>hacked=${number}</script>`,
      `"><img src=x onerror=hacked=${number}>`,
      `</svg><script>hacked=${number}</script>`,
      `'-alert(1)-'\u2028"];hacked=${number};["`,
    ][number % 4]!;
  let browser: Browser;
  let page: string;
  /** Paths of pages with ordinary and hostile names. */
  const pages = { run: '', hostile: '', comparison: '' };

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
    const hostile = await runFolder({
      classes: [attack(0), attack(1), attack(2), attack(3)],
      // A file name must not contain a slash.
      imageName: (index, label) => `${attack(index).replaceAll('/', '\u2215')}-${label}-${index}.png`,
      memberName: attack(2),
    });
    page = (await writeRunReport(hostile.folder)).page;
    const [run, other] = [await runFolder(), await runFolder({ seed: 1, classesWithoutErrors: 1 })];
    const comparison = join(dirname(run.folder), 'comparison.html');
    await writeComparison([run.folder, other.folder], comparison);
    Object.assign(pages, { run: (await writeRunReport(run.folder)).page, hostile: page, comparison });
  });

  afterAll(() => browser?.close());

  /** Opens a page and lists what it requests. */
  async function open(path: string) {
    const tab = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const requests: string[] = [];
    const errors: string[] = [];
    tab.on('request', (request) => requests.push(request.url()));
    tab.on('console', (message) => errors.push(message.text()));
    await tab.goto(pathToFileURL(path).href);
    const hacked = await tab.evaluate(() => (globalThis as { hacked?: unknown }).hacked ?? null);
    return { tab, requests: requests.filter((url) => !url.startsWith('data:')), errors, hacked };
  }

  it('10: shows hostile names as text and runs nothing', async () => {
    const { tab, requests, errors, hacked } = await open(page);
    expect({ requests, errors, hacked }).toEqual({ requests: [pathToFileURL(page).href], errors: [], hacked: null });
    const found = await tab.evaluate(`({
      active: document.querySelectorAll('script,iframe,object,embed,form,link,base,svg a,svg image,foreignObject').length,
      handlers: [...document.querySelectorAll('*')].flatMap((one) => [...one.attributes]).filter(({ name }) => /^on|^style$/.test(name)).length,
      title: document.querySelector('.card b').textContent,
      broken: [...document.images].filter(({ naturalWidth }) => naturalWidth === 0).length,
      images: document.images.length,
      background: getComputedStyle(document.body).backgroundColor,
    })`);
    expect(found).toEqual({
      ...{ active: 0, handlers: 0, title: attack(0), broken: 0 },
      // The policy allows the page's own style.
      ...{ images: expect.any(Number), background: 'rgb(255, 255, 255)' },
    });
    expect((found as { images: number }).images).toBeGreaterThan(20);
    await tab.close();
  });

  it('has a policy that blocks what an injection would do', async () => {
    const text = await readFile(page, 'utf8');
    const injected = text.replace('</main>', `<script>hacked=1</script><img src="x.png" onerror="hacked=2"></main>`);
    const copies = await mkdtemp(join(tmpdir(), 'chorus-report-'));
    made.push(copies);
    const [guarded, bare] = [join(copies, 'guarded.html'), join(copies, 'bare.html')];
    await writeFile(guarded, injected);
    await writeFile(bare, injected.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, ''));
    // Without the policy, the injection works: the test can fail.
    expect((await open(bare)).hacked).not.toBeNull();
    const { hacked, errors } = await open(guarded);
    expect(hacked).toBeNull();
    for (const directive of ['script-src', 'img-src'])
      expect(errors).toContainEqual(
        expect.stringMatching(
          new RegExp(`${directive}.*Content Security Policy|Content Security Policy.*${directive}`, 's'),
        ),
      );
  });

  describe.each(['run', 'hostile', 'comparison'] as const)('of kind "%s"', (kind) => {
    it.each(['light', 'dark'] as const)('is accessible in %s colors, and fits any window', async (colorScheme) => {
      // The policy would block axe.
      const context = await browser.newContext({ colorScheme, bypassCSP: true });
      const tab = await context.newPage();
      await tab.goto(pathToFileURL(pages[kind]).href);
      for (const width of [390, 768, 1280]) {
        await tab.setViewportSize({ width, height: 800 });
        expect(await tab.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
        await savePicture(tab, `report-${kind}-${width}-${colorScheme}`);
      }
      await tab.evaluate('for (const one of document.querySelectorAll("details")) one.open = true');
      expect(await tab.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
      await tab.evaluate(axe.source);
      const violations = await tab.evaluate(
        'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes[0].html]))',
      );
      expect(violations).toEqual([]);
      await context.close();
    });
  });
});
