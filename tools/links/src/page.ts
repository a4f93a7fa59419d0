/** The links and anchors of a Markdown page. */
import { slugOf } from './slug.ts';

export interface Page {
  /** Targets as written, such as `docs/speed.md#decoding`, of links and images. */
  links: string[];
  /** Anchors of its headings, in order; a second heading of the same text ends in `-1`. */
  anchors: string[];
}

/** Reads Markdown; ignores code. */
export function readPage(markdown: string): Page {
  const text = withoutCode(markdown);
  const inline = [...text.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  const html = [...text.matchAll(/<(?:img|a|source)\b[^>]*?\b(?:src|href|srcset)="([^"]+)"/g)];
  const definitions = [...text.matchAll(/^\[[^\]]+\]:\s*(\S+)/gm)];
  const counts = new Map<string, number>();
  const anchors = headings(markdown).map((heading) => {
    const slug = slugOf(heading);
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
  return { links: [...inline, ...html, ...definitions].map((match) => match[1]!), anchors };
}

// --- internal ---

const fence = /^(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1\s*$/gm;

function withoutCode(markdown: string): string {
  return markdown.replace(fence, '').replace(/(`+)[^`][\s\S]*?\1/g, '');
}

/** Returns the text of each heading, without link and code markup. */
function headings(markdown: string): string[] {
  return [...markdown.replace(fence, '').matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map((match) =>
    match[1]!.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', ''),
  );
}
