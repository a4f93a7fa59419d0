/**
 * Compares Chromium with node on the photographs of a folder: `node scripts/compare-browser.mjs BUNDLE FOLDER [MEMBER [BACKEND]]`,
 * after a build. Each photograph is decoded by the browser and, for the comparison of the networks alone, by node.
 */
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { loadClassifier } from '../dist/index.js';

const [bundle, folder, member, backend = 'wasm'] = process.argv.slice(2);
if (bundle === undefined || folder === undefined) {
  console.error('usage: node scripts/compare-browser.mjs BUNDLE FOLDER [MEMBER [BACKEND]]');
  process.exit(2);
}
const folders = { page: fileURLToPath(new URL('../dist/page', import.meta.url)), bundle, images: folder };
const html = `<!doctype html><script type="module">
import { loadClassifier } from '/page/predictor.js';
globalThis.classifier = await loadClassifier('/bundle', ${JSON.stringify({ member, backend })});
</script>`;
const server = createServer((request, response) => {
  const [, first, ...rest] = new URL(request.url, 'http://localhost').pathname.split('/').map(decodeURIComponent);
  response.setHeader(
    'Content-Type',
    { '.js': 'text/javascript', '.wasm': 'application/wasm' }[extname(request.url)] ?? 'text/html',
  );
  if (first === '') return void response.end(html);
  createReadStream(join(folders[first] ?? '', ...rest))
    .on('error', () => response.writeHead(404).end())
    .pipe(response);
});
await new Promise((listening) => server.listen(0, 'localhost', listening));
const browser = await chromium.launch({
  executablePath: process.env.CHORUS_CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    ...(backend === 'webgpu' ? ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'] : []),
  ],
});
const page = await browser.newPage();
page.on('pageerror', (error) => console.error(`page: ${error.message}`));
await page.goto(`http://localhost:${server.address().port}/`);
await page.waitForFunction(() => 'classifier' in globalThis, undefined, { timeout: 120_000 });
const classifier = await loadClassifier(bundle, { member });
const files = (await readdir(folder, { recursive: true })).filter((name) => /\.(jpe?g|png)$/i.test(name)).sort();
const results = { decoded: [], same: [] };
let sameClass = 0;
for (const name of files) {
  const expected = await classifier.classify(join(folder, name));
  const found = await page.evaluate(
    (url) => classifier.classify(url),
    `/images/${name.split('/').map(encodeURIComponent).join('/')}`,
  );
  results.decoded.push(difference(found, expected));
  if (found[0].label === expected[0].label) sameClass += 1;
  if (results.same.length >= 20) continue;
  const { data, info } = await sharp(join(folder, name))
    .autoOrient()
    .toColourspace('srgb')
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const pixels = { data, width: info.width, height: info.height };
  const inPage = await page.evaluate(
    ({ base64, width, height }) => {
      const data = Uint8ClampedArray.from(atob(base64), (character) => character.charCodeAt(0));
      return classifier.classify(new ImageData(data, width, height));
    },
    { base64: data.toString('base64'), width: info.width, height: info.height },
  );
  results.same.push(difference(inPage, await classifier.classify(pixels)));
}
console.log(`${files.length} images, ${backend} in ${browser.version()}, ${classifier.backend} in node`);
console.log(
  `same pixels (${results.same.length} images): largest difference of a probability ${Math.max(...results.same).toExponential(1)}`,
);
console.log(
  `the browser's decoder: mean ${(results.decoded.reduce((sum, one) => sum + one, 0) / files.length).toExponential(1)}, largest ${Math.max(...results.decoded).toExponential(1)}; same class ${sameClass} of ${files.length}`,
);
await browser.close();
server.close();
await classifier.dispose();

function difference(one, other) {
  return Math.max(
    ...one.map(({ label, probability }) =>
      Math.abs(probability - other.find((same) => same.label === label).probability),
    ),
  );
}
