import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { findBrokenLinks } from './broken-links.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

it('finds no broken link in the pages of the repository', () => {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--', '*.md'], {
    cwd: root,
    encoding: 'utf8',
  });
  const pages = listed.split('\n').filter((path) => path !== '');
  expect(pages).toEqual(expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'docs/formats.md']));
  expect(findBrokenLinks(root, pages)).toEqual([]);
});

describe('findBrokenLinks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'links-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'docs'), { recursive: true });
  writeFileSync(join(folder, 'docs/picture.svg'), '<svg/>');
  writeFileSync(join(folder, 'docs/page.md'), '# A page\n\n## Twice\n\n## Twice\n\n## `code` & more\n');

  it.each<[string, string[]]>([
    ['[a](docs/page.md)', []],
    ['[a](docs/page.md#a-page)', []],
    ['[a](docs/page.md#twice-1)', []],
    ['[a](docs/page.md#code--more)', []],
    ['[a](#here)', []],
    ['[a](https://example.org/none#none)', []],
    ['`[a](none.md)`', []],
    ['```md\n[a](none.md)\n```', []],
    ['![a](docs/picture.svg)', []],
    ['[a](none.md)', ['index.md: none.md: there is no none.md']],
    ['<img src="none.svg">', ['index.md: none.svg: there is no none.svg']],
    ['[a]: none.md', ['index.md: none.md: there is no none.md']],
    ['[a](docs/page.md#none)', ['index.md: docs/page.md#none: docs/page.md has no heading "none"']],
    ['[a](docs/page.md#twice-2)', ['index.md: docs/page.md#twice-2: docs/page.md has no heading "twice-2"']],
    ['[a](#none)', ['index.md: #none: index.md has no heading "none"']],
    ['[a](../out.md)', ['index.md: ../out.md: leads out of the repository']],
    ['![a](/docs/picture.svg)', ['index.md: /docs/picture.svg: expected a path relative to the page']],
  ])('%s', (text, broken) => {
    writeFileSync(join(folder, 'index.md'), `# Here\n\n${text}\n`);
    expect(findBrokenLinks(folder, ['index.md'])).toEqual(broken);
  });
});
