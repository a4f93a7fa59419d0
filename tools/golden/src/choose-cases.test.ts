import { describe, expect, it, vi } from 'vitest';
import { cases } from './cases.ts';
import { ChoiceError, chooseCases, chooseCasesOrExit } from './choose-cases.ts';

const named = (...parameters: string[]) => chooseCases(parameters).map(({ name }) => name);

describe('chooseCases', () => {
  it('returns all cases, some cases, or all widths of a family, in table order', () => {
    expect(chooseCases([])).toEqual(cases);
    expect(named('--only', 'xception,mobilenet-0.5')).toEqual(['mobilenet-0.5', 'xception']);
    expect(named('--only', 'mobilenet')).toEqual(['mobilenet-0.25', 'mobilenet-0.5', 'mobilenet-0.75', 'mobilenet-1']);
    expect(named('--only=mobilenet-v2,mobilenet-v2-1')).toEqual(
      cases.flatMap(({ name, family }) => (family === 'mobilenet-v2' ? [name] : [])),
    );
  });

  it.each([
    [
      ['--only', 'resnet'],
      /^Unknown case "resnet"; expected one of: mobilenet, .*, efficientnet-lite0, mobilenet-0\.25, .*\.$/,
    ],
    [['--only', 'xception,'], /^Unknown case ""; /],
    [['--only'], /^Expected no arguments or --only NAME,NAME, received --only\.$/],
    [['--onyl', 'xception'], /received --onyl xception\.$/],
    [['xception'], /received xception\.$/],
  ])('rejects %j', (parameters, message) => {
    expect(() => chooseCases(parameters)).toThrow(ChoiceError);
    expect(() => chooseCases(parameters)).toThrow(message);
  });
});

it('prints an error in one line and exits with 2', () => {
  vi.spyOn(process, 'argv', 'get').mockReturnValue(['node', 'parity.js', '--only', 'resnet']);
  const said = vi.spyOn(console, 'error').mockImplementation(() => {});
  const exit = vi.spyOn(process, 'exit').mockImplementation((code) => {
    throw new Error(`ended with ${code}`);
  });
  expect(chooseCasesOrExit).toThrow('ended with 2');
  expect(said.mock.calls).toEqual([[expect.stringMatching(/^Unknown case "resnet"; .*\.$/)]]);
  exit.mockRestore();
});
