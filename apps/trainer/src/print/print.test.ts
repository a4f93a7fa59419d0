import { describe, expect, it, test } from 'vitest';
import { userFolder } from '../user-folder.ts';
import { demoBox } from './demo-box.ts';
import { printable, printableLines, printableMessage } from './printable.ts';
import { table } from './table.ts';

describe('what people see', () => {
  it('aligns numbers right and words left', () => {
    expect(
      table([
        ['', 'accuracy'],
        ['mean', '9.5 %'],
        ['dense', '97.5 %'],
      ]),
    ).toBe('       accuracy\nmean      9.5 %\ndense    97.5 %');
  });

  it('keeps odd names on one line', () => {
    expect(printable('a\nb\u001b[31m<img>.jpg')).toBe('a\\x0ab\\x1b[31m<img>.jpg');
    expect(printable('cats\u202egpj.exe\u200b')).toBe('cats\\u{202e}gpj.exe\\u{200b}');
    expect(printableMessage(new Error('no file a\nchorus: done'))).toBe('no file a\\x0achorus: done');
    expect(printableMessage(Object.assign(new Error(), { lines: ['wrong:', '  a\nb'] }))).toBe('wrong:\n  a\\x0ab');
    expect(printableLines('a:\n  cafe\u0301\u2028b')).toBe('a:\n  caf\u00e9\\u{2028}b');
  });

  it('draws a box with straight edges', () => {
    const widths = new Set(
      demoBox()
        .split('\n')
        .map((line) => line.length),
    );
    expect(widths.size).toBe(1);
  });
});

describe('userFolder', () => {
  const workspace = new URL('../../../..', import.meta.url).pathname.replace(/\/$/, '');
  test.each<[string, NodeJS.ProcessEnv, string, string]>([
    ['the working folder', {}, '/somewhere', '/somewhere'],
    ['where pnpm was typed', { INIT_CWD: '/photos' }, '/workspace', '/photos'],
    [
      'the workspace under turbo',
      { INIT_CWD: `${workspace}/apps/trainer`, TURBO_HASH: 'x' },
      `${workspace}/apps/trainer`,
      workspace,
    ],
  ])('is %s', (_, environment, workingFolder, expected) =>
    expect(userFolder(environment, workingFolder)).toBe(expected),
  );
});
