import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

const refused: [file: string, imported: string][] = [
  ['packages/storage/src/a.ts', '@chorus/python'],
  ['packages/storage/src/b.ts', '@chorus/data'],
  ['packages/models/src/a.ts', '@chorus/runtime'],
  ['packages/models/src/a.test.ts', '@chorus/bench'],
  ['packages/models/src/b.ts', '@tensorflow/tfjs'],
  ['packages/evaluation/src/a.ts', '@tensorflow/tfjs'],
  ['packages/evaluation/src/b.ts', '@chorus/models'],
  ['packages/data/src/a.ts', '@chorus/bench'],
  ['packages/data/src/b.ts', '@chorus/storage/src/lock'],
  ['packages/data/src/c.ts', '@tensorflow/tfjs-core'],
  ['packages/runtime/src/a.ts', '@chorus/data'],
  ['packages/training/src/a.ts', '@chorus/models/weights/misfit'],
  ['packages/training/src/b.ts', '@chorus/golden'],
  ['packages/training/src/c.ts', '@tensorflow/tfjs-node-gpu'],
  ['packages/orchestration/src/a.ts', '@chorus/bench'],
  ['packages/orchestration/src/b.ts', '@chorus/trainer'],
  ['packages/orchestration/src/c.ts', '@chorus/report'],
  ['packages/report/src/a.ts', '@chorus/training'],
  ['packages/report/src/b.ts', '@chorus/orchestration/presets'],
  ['packages/report/src/c.ts', '@tensorflow/tfjs'],
  ['packages/server/src/a.ts', '@chorus/orchestration'],
  ['packages/server/src/b.ts', '@tensorflow/tfjs'],
  ['packages/studio-api/src/a.ts', '@chorus/predictor'],
  ['packages/studio-api/src/b.ts', '@tensorflow/tfjs'],
  ['apps/studio/src/a.ts', '@chorus/studio-api'],
  ['apps/studio/src/b.ts', '@chorus/report'],
  ['apps/trainer/src/a.ts', '@chorus/models'],
  ['apps/trainer/src/b.ts', '@chorus/python'],
  ['tools/bench/src/a.ts', '@chorus/models/weights/misfit'],
];
const allowed: [file: string, imported: string][] = [
  ['packages/models/src/z.test.ts', '@chorus/runtime'],
  ['packages/models/src/z.ts', '@chorus/tfjs'],
  ['packages/data/src/y.ts', '@chorus/storage'],
  ['packages/data/src/z.ts', '@chorus/storage/system-error'],
  ['packages/runtime/src/z.ts', '@chorus/tfjs'],
  ['packages/training/src/z.ts', '@chorus/models/stackers'],
  ['packages/orchestration/src/z.ts', '@chorus/training/lane-worker'],
  ['packages/report/src/y.ts', '@chorus/orchestration/display-name'],
  ['packages/report/src/z.ts', '@chorus/evaluation'],
  ['packages/server/src/z.ts', '@chorus/models/bundle'],
  ['packages/studio-api/src/y.ts', '@chorus/report'],
  ['packages/studio-api/src/z.ts', '@chorus/server/http'],
  ['apps/studio/src/y.ts', '@chorus/studio-api/protocol'],
  ['apps/studio/src/z.ts', '@chorus/predictor/browser'],
  ['apps/trainer/src/w.ts', '@chorus/studio-api'],
  ['apps/trainer/src/x.ts', '@chorus/server'],
  ['apps/trainer/src/y.ts', '@chorus/report'],
  ['apps/trainer/src/z.ts', '@chorus/orchestration/presets'],
  ['tools/bench/src/z.ts', '@chorus/python'],
];

let folder: string;
let reported: Set<string>;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'import-rules-')));
  const { vcs: _, ...rules } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'));
  writeFileSync(join(folder, 'biome.json'), JSON.stringify(rules));
  for (const [file, imported] of [...refused, ...allowed]) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), `import { x } from '${imported}';\nexport const y = x;\n`);
  }
  reported = new Set(lintedFiles());
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(refused)('%s must not import %s', (file) => expect([...reported]).toContain(file));

test.each(allowed)('%s may import %s', (file) => expect([...reported]).not.toContain(file));

it('reports nothing else', () => expect([...reported].toSorted()).toEqual(refused.map(([file]) => file).toSorted()));

/** Files whose imports break a rule. */
function lintedFiles(): string[] {
  const only = ['--only=style/noRestrictedImports', '--max-diagnostics=none', '--reporter=github'];
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  let output: string;
  try {
    output = execFileSync(process.execPath, [biome, 'lint', ...only, '.'], { cwd: folder, encoding: 'utf8' });
  } catch (error) {
    output = (error as { stdout: string }).stdout;
  }
  const errors = output.matchAll(/^::error title=lint\/style\/noRestrictedImports,file=([^,]+),/gm);
  return [...errors].map(([, file]) => relative(folder, resolve(folder, file!)));
}
