import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { at, data, drawData, removeRuns } from './train.fixture.ts';

beforeAll(drawData);
afterAll(removeRuns);

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The distinct JavaScript blocks of the README and of `docs` that train. */
async function examples(): Promise<string[]> {
  const docs = (await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md'));
  const pages = await Promise.all(
    ['README.md', ...docs.map((name) => join('docs', name))].map((page) => readFile(join(root, page), 'utf8')),
  );
  const found = pages.flatMap((page) =>
    Array.from(page.matchAll(/```js\n(import \{ train \}[\s\S]*?)```/g), ([, code]) => code!),
  );
  return [...new Set(found)];
}

it('the training examples of the README and the docs run unchanged', async () => {
  const found = await examples();
  expect(found).not.toEqual([]);
  for (const { exitCode, output } of await Promise.all(found.map(runExample))) {
    expect(exitCode).toBe(0);
    expect(output).toMatch(
      /The ensemble \((mean|weighted|greedy|dense|logistic)\) classifies \d+ of 34 test images correctly/,
    );
  }
});

/** Runs an example in another process, on the drawn images. */
async function runExample(example: string): Promise<{ exitCode: number | null; output: string }> {
  const folder = await mkdtemp(at('example-'));
  const code = example
    .replace("'@chorus/orchestration'", JSON.stringify(new URL('../dist/index.js', import.meta.url).href))
    .replace("'./photos'", JSON.stringify(data));
  await writeFile(join(folder, 'train.mjs'), code);
  const child = spawn(process.execPath, [join(folder, 'train.mjs')], { cwd: folder });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.pipe(process.stderr);
  return new Promise((done) => child.on('close', (exitCode) => done({ exitCode, output })));
}
