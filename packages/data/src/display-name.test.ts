import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { compareNames, displayName, lookOf, normalizeName } from './display-name.ts';

describe('displayName', () => {
  test.each([
    ['a line end', 'a\nb\r.jpg', 'a\\x0ab\\x0d.jpg'],
    ['a terminal escape', 'a\u001b[31m.jpg', 'a\\x1b[31m.jpg'],
    ['C1 controls', 'a\u009b31m', 'a\\x9b31m'],
    ['a bidirectional override', 'a\u202egpj.exe', 'a\\u{202e}gpj.exe'],
    ['an isolate', '\u2066a\u2069', '\\u{2066}a\\u{2069}'],
    ['zero-width characters', 'ca\u200bts\ufeff\u2060', 'ca\\u{200b}ts\\u{feff}\\u{2060}'],
    ['a joiner between Latin letters', 'ca\u200dts', 'ca\\u{200d}ts'],
    ['line and paragraph separators', 'a\u2028b\u2029', 'a\\u{2028}b\\u{2029}'],
    ['a soft hyphen', 'ca\u00adts', 'ca\\xadts'],
    ['Hangul filler', 'a\u3164', 'a\\u{3164}'],
    ['tag characters', 'a\u{e0061}', 'a\\u{e0061}'],
    ['unusual spaces', 'at\u00a09.41\u202fAM', 'at\\xa09.41\\u{202f}AM'],
    ['a lone surrogate', 'a\ud800b', 'a\\u{d800}b'],
  ])('escapes %s', (_, name, shown) => expect(displayName(name)).toBe(shown));

  test.each([
    ['words', 'my cats, 2019 (b).jpg'],
    ['scripts', '\u{1f408} кошка 猫\u3000ねこ.jpg'],
    ['a composite emoji', '\u{1f468}\u200d\u{1f469}\u200d\u{1f467} \u2764\ufe0f'],
    ['a Persian joiner', 'می\u200cخواهم'],
    ['a Devanagari joiner', 'क्\u200dष'],
  ])('leaves %s', (_, name) => expect(displayName(name)).toBe(name));

  it('composes, so that both forms of a name are displayed the same', () => {
    expect(displayName('cafe\u0301')).toBe('caf\u00e9');
  });

  it('returns one line without control characters for any input, and is idempotent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const shown = displayName(name);
        expect(shown).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\ufeff]/u);
        expect(displayName(shown)).toBe(shown);
      }),
    );
  });
});

describe('lookOf', () => {
  test.each([
    ['Unicode forms', 'caf\u00e9', 'cafe\u0301'],
    ['a zero-width space', 'cats', 'cats\u200b'],
    ['a trailing space', 'cats', 'cats '],
    ['another space', 'red cats', 'red\u00a0cats'],
    ['Cyrillic letters', 'cope', 'соре'],
    ['Greek letters', 'KOT', 'ΚΟΤ'],
    ['a line end', 'cats', 'cats\n'],
  ])('is equal for %s', (_, a, b) => expect(lookOf(a)).toBe(lookOf(b)));

  test.each([
    ['letters', 'cats', 'cat'],
    ['case', 'Cats', 'cats'],
    ['accents', 'cafe', 'caf\u00e9'],
    ['Cyrillic words', 'кот', 'код'],
  ])('differs with %s', (_, a, b) => expect(lookOf(a)).not.toBe(lookOf(b)));
});

describe('compareNames', () => {
  it('sorts both forms of a list the same, and ASCII by code units', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: 'grapheme' }), { selector: normalizeName }), (names) => {
        const sorted = (form: 'NFC' | 'NFD') => names.map((name) => name.normalize(form)).toSorted(compareNames);
        expect(sorted('NFD').map(normalizeName)).toEqual(sorted('NFC'));
      }),
    );
    expect(['b', 'a', 'B', 'a/1', 'a-1'].toSorted(compareNames)).toEqual(['B', 'a', 'a-1', 'a/1', 'b']);
  });
});
