/** Finds broken links in Markdown pages. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { readPage } from './page.ts';

/**
 * Finds relative links to files and anchors that do not exist. Does not check links to other sites.
 *
 * @param root folder of the repository; links must not leave it.
 * @param paths Markdown files, relative to `root`.
 * @returns one line per broken link: `<page>: <link>: <reason>`.
 */
export function findBrokenLinks(root: string, paths: readonly string[]): string[] {
  return paths.flatMap((path) =>
    readPage(readFileSync(join(root, path), 'utf8')).links.flatMap((link) => {
      const reason = whyBroken(root, path, link);
      return reason === undefined ? [] : [`${path}: ${link}: ${reason}`];
    }),
  );
}

// --- internal ---

function whyBroken(root: string, page: string, link: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return undefined;
  const [file, anchor] = link.split('#') as [string, string?];
  if (file.startsWith('/')) return 'expected a path relative to the page';
  const path = file === '' ? page : relative('.', join(dirname(page), decodeURI(file)));
  if (path.startsWith('..')) return 'leads out of the repository';
  if (!existsSync(join(root, path))) return `there is no ${path}`;
  if (anchor === undefined || anchor === '') return undefined;
  if (statSync(join(root, path)).isDirectory() || !path.endsWith('.md')) return `${path} has no headings`;
  const { anchors } = readPage(readFileSync(join(root, path), 'utf8'));
  return anchors.includes(anchor.toLowerCase()) ? undefined : `${path} has no heading "${anchor}"`;
}
