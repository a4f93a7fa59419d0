/** The bundled browser entry in real Firefox, compared with node. Nothing drives Firefox: its page sends what it found. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as browserEntry from './browser.ts';
import { type FileServer, serveFiles, smoothFile, smoothPixels, writePets } from './bundles.fixture.ts';
import { type Classification, type ImageClassifier, type ImageSource, loadClassifier } from './index.ts';

/** Debian's; CHORUS_FIREFOX names another. */
const program = process.env.CHORUS_FIREFOX ?? '/usr/bin/firefox-esr';
const hasFirefox = existsSync(program);
if (!hasFirefox)
  console.warn(`Skipped: no Firefox at ${program}; install it, or name one with CHORUS_FIREFOX, to test in it.`);

interface Found {
  /** Why the page failed, if it did. */
  failure?: string;
  backend: string;
  pixels: Classification[];
  files: Record<string, Classification[]>;
}

const pixels = smoothPixels(150, 100, 4);
const files: Record<string, [seed: number, orientation?: number]> = {
  ...{ 'upright.jpg': [1], 'turned.jpg': [2, 6], 'picture.png': [3] },
};

/** Runs in the page, which has its source. */
async function classifyInPage(
  { loadClassifier: load }: typeof browserEntry,
  { width, height, values, names }: { width: number; height: number; values: number[]; names: string[] },
): Promise<Found> {
  const classifier = await load('/all/pets');
  const { backend } = classifier;
  const ofPixels = await classifier.classify(new ImageData(Uint8ClampedArray.from(values), width, height));
  const ofFiles: Found['files'] = {};
  for (const name of names) ofFiles[name] = await classifier.classify(`/all/${name}`);
  await classifier.dispose();
  return { backend, pixels: ofPixels, files: ofFiles };
}

const html = `<!doctype html>
<meta charset="utf-8">
<script type="module">
  import * as predictor from '/page/predictor.js';
  const found = await (${classifyInPage})(predictor, ${JSON.stringify({ ...pixels, values: [...pixels.data], names: Object.keys(files) })})
    .catch((error) => ({ failure: String(error.stack ?? error) }));
  await fetch('/found', { method: 'POST', body: JSON.stringify(found) });
</script>`;

describe.skipIf(!hasFirefox)('in Firefox', () => {
  let parent: string;
  let server: FileServer;
  let firefox: ChildProcess;
  let local: ImageClassifier<ImageSource>;
  let found: Found;

  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), 'chorus-firefox-test-'));
    const home = join(parent, 'home');
    await mkdir(home);
    await writePets(join(parent, 'pets'));
    for (const [name, [seed, orientation]] of Object.entries(files))
      await writeFile(join(parent, name), await smoothFile(name.endsWith('png') ? 'png' : 'jpeg', seed, orientation));
    local = await loadClassifier(join(parent, 'pets'), { threads: 1 });
    const page = fileURLToPath(new URL('../dist/page', import.meta.url));
    server = await serveFiles({ all: parent, page }, { '/': html });
    const posted = server.nextPost();
    firefox = spawn(program, ['--headless', '--no-remote', '--profile', home, server.url], {
      // As for Chromium: a container may not allow its sandbox.
      env: { ...process.env, HOME: home, MOZ_DISABLE_CONTENT_SANDBOX: '1' },
      stdio: 'ignore',
    });
    const ended = once(firefox, 'exit').then(([code, signal]) => {
      throw new Error(`Firefox ended with ${code ?? signal}, before its page had sent anything.`);
    });
    found = JSON.parse(await Promise.race([posted, ended]));
    if (found.failure !== undefined) throw new Error(found.failure);
  });
  afterAll(async () => {
    if (firefox?.exitCode === null && firefox.kill()) await once(firefox, 'exit');
    await server?.close();
    await local?.dispose();
    if (parent !== undefined) await rm(parent, { recursive: true, force: true, maxRetries: 5 });
  });

  function expectClose(one: readonly Classification[], other: readonly Classification[], limit: number): void {
    expect(one.map(({ label }) => label)).toEqual(other.map(({ label }) => label));
    for (const [index, { probability }] of one.entries())
      expect(Math.abs(probability - other[index]!.probability)).toBeLessThan(limit);
  }

  it('runs WebAssembly, and gives the same probabilities as node for the same pixels', async () => {
    expect(found.backend).toBe('wasm');
    expectClose(found.pixels, await local.classify(pixels), 1e-5);
  });

  it.each(Object.keys(files))('decodes %s as node does', async (name) => {
    // A JPEG nearly so: the decoders may differ by their version and settings.
    expectClose(found.files[name]!, await local.classify(join(parent, name)), name.endsWith('png') ? 1e-5 : 0.01);
  });
});
