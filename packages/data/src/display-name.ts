/** Names that come from a file system, in the one form in which they are compared and shown. */

/** The composed form (NFC), in which a name is the same whichever system wrote it. */
export function normalizeName(name: string): string {
  return name.normalize('NFC');
}

/** Orders names by the UTF-16 code units of their composed forms; two spellings of one name, by their own. */
export function compareNames(a: string, b: string): number {
  return byCodeUnits(normalizeName(a), normalizeName(b)) || byCodeUnits(a, b);
}

/**
 * A name on one line of a terminal, composed (NFC). What has no shape of its own becomes a visible escape: control characters,
 * line ends, bidirectional controls, zero-width characters, unusual spaces and lone surrogates.
 *
 * Joiners stay where a script or an emoji needs them.
 *
 * @example displayName('a\nb\u202egpj.exe') // 'a\\x0ab\\u{202e}gpj.exe'
 */
export function displayName(name: string): string {
  return normalizeName(name).replace(invisible, escapeCharacter);
}

/** What a name looks like: two classes with equal looks cannot be distinguished on a screen. */
export function lookOf(name: string): string {
  return Array.from(
    normalizeName(name)
      .replace(/\p{Cc}|\p{Cf}|\p{Default_Ignorable_Code_Point}/gu, '')
      .replace(/\p{White_Space}+/gu, ' ')
      .trim(),
    (character) => latinTwins.get(character) ?? character,
  ).join('');
}

export function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

// --- internal ---

const joiningScripts = [
  ...['Arabic', 'Syriac', 'Mongolian', 'Nko', 'Devanagari', 'Bengali', 'Gurmukhi', 'Gujarati', 'Oriya', 'Tamil'],
  ...['Telugu', 'Kannada', 'Malayalam', 'Sinhala', 'Khmer', 'Myanmar', 'Tibetan', 'Thai', 'Lao'],
]
  .map((script) => `\\p{Script_Extensions=${script}}`)
  .join('');

/** In this order: the exceptions come first and match nothing. */
const invisible = new RegExp(
  [
    // An emoji's joiner and selectors, and a script's joiners, between the characters that need them.
    `(?!(?<=[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f])\\u200d(?=\\p{Extended_Pictographic}))`,
    `(?!(?<=[\\p{Emoji}\\p{Extended_Pictographic}])[\\ufe0e\\ufe0f])`,
    `(?!(?<=[${joiningScripts}])[\\u200c\\u200d](?=[${joiningScripts}]))`,
    // The space and its ideographic form are what they look like.
    `(?:\\p{Cc}|\\p{Cf}|\\p{Cs}|\\p{Zl}|\\p{Zp}|\\p{Default_Ignorable_Code_Point}|(?![ \\u3000])\\p{Zs})`,
  ].join(''),
  'gu',
);

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0)!.toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`;
}

/** Cyrillic and Greek letters that most typefaces draw exactly as Latin ones. */
const latinTwins = new Map<string, string>(
  [
    ['АВЕЅІЈКМНОРСТХҮаеорсухѕіјһԁ', 'ABESIJKMHOPCTXYaeopcyxsijhd'],
    ['ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο', 'ABEZHIKMNOPTYXo'],
  ].flatMap(([from, to]) => Array.from(from!, (letter, index): [string, string] => [letter, to![index]!])),
);
