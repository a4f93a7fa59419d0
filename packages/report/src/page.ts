/** The frame of a page: head, style, table of contents. */
import { createHash } from 'node:crypto';
import { type Content, type Html, html, trustedHtml } from './html.ts';
import type { Section } from './sections/section.ts';
import { style } from './style.ts';

export interface Page {
  /** Title of the window and of the page. */
  title: string;
  /** A line above the title. */
  kicker: Content;
  /** What comes before the table of contents. */
  opening: Content;
  sections: readonly Section[];
  footer: Content;
}

/**
 * Builds a page without scripts and without anything from outside; its policy forbids both.
 *
 * @throws Error for a page of more than 5 MB.
 */
export function buildPage({ title, kicker, opening, sections, footer }: Page): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="Chorus">
<title>${title}</title>
${styleElement}
</head>
<body>
<header class="page-header">
<p class="kicker">${kicker}</p>
<h1>${title}</h1>
${opening}
<nav aria-label="Contents"><ul>${sections.map(({ id, title: name }) => html`<li><a href="${`#${id}`}">${name}</a></li>`)}</ul></nav>
</header>
<main>
${sections.map(({ id, title: name, body }) => html`<section aria-labelledby="${id}"><h2 id="${id}">${name}</h2>\n${body}</section>\n`)}
</main>
<footer>${footer}</footer>
</body>
</html>
`.text;
  const bytes = Buffer.byteLength(page);
  if (bytes > mostPageBytes) throw new Error(`expected a page of at most ${mostPageBytes} bytes, built ${bytes}`);
  return page;
}

// --- internal ---

/** The longest page, in bytes. */
const mostPageBytes = 5_000_000;

const styleElement: Html = trustedHtml(`<style>${style}</style>`);

/** Allows this style and embedded pictures, and nothing else. */
const policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');
