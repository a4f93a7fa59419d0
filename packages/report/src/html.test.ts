import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Content, html } from './html.ts';

describe('html', () => {
  it.each<[string, Content, string]>([
    ['a tag', '<script>alert(1)</script>', '&#60;script&#62;alert(1)&#60;/script&#62;'],
    ['quotes', `"'\``, '&#34;&#39;&#96;'],
    ['an ampersand', '&lt;', '&#38;lt;'],
    ['a character that reverses the text', 'a\u202eb', 'a\\u{202e}b'],
    ['nothing', [null, undefined, false, ''], ''],
    ['numbers and nested fragments', [1, html`<b>${'<'}</b>`], '1<b>&#60;</b>'],
  ])('writes %s', (_, content, text) => {
    expect(html`<p>${content}</p>`.text).toBe(`<p>${text}</p>`);
  });

  it('lets no text leave its place', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '`', '&', '/', '=', '-', '!', ' ', '\n', '\0', 's', ';') }),
    );
    fc.assert(
      fc.property(hostile, hostile, (title, text) => {
        const { text: written } = html`<p title="${title}">${text}</p>`;
        expect(written).toMatch(/^<p title="[^<>"'`]*">[^<>"'`]*<\/p>$/);
      }),
      { numRuns: 500 },
    );
  });

  it.each<[string, () => unknown]>([
    ['an unquoted attribute', () => html`<p title=${'x'}></p>`],
    ['the name of an element', () => html`<${'script'}>`],
    ['an event handler', () => html`<p onclick="${'x'}"></p>`],
    ['a style', () => html`<p style="${'x'}"></p>`],
    ['a script element', () => html`<script>${'x'}</script>`],
    ['a style element', () => html`<style>${'x'}</style>`],
    ['a fragment in an attribute', () => html`<p title="${html`<b></b>`}"></p>`],
    ['a script as an address', () => html`<a href="${'javascript:alert(1)'}">x</a>`],
    ['an address of another host', () => html`<img src="${'https://example.org/x.png'}">`],
    ['a data address that is not a picture', () => html`<a href="${'data:text/html,x'}">x</a>`],
    ['a path that leaves the folder', () => html`<a href="${'../x.json'}">x</a>`],
  ])('refuses %s', (_, build) => {
    expect(build).toThrow();
  });

  it.each(['#lanes', 'report.json', 'seed-0/report.html', 'data:image/webp;base64,AA=='])('accepts %s', (address) => {
    expect(html`<a href="${address}">x</a>`.text).toContain(address.replace('base64,AA==', 'base64,AA'));
  });
});
