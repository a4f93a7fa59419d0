/** File names in normalized form, for comparing and displaying. */

/** The composed form (NFC), which is the same on every operating system. */
export function normalizeName(name: string): string {
  return name.normalize('NFC');
}

/** Compares names by the UTF-16 code units of their NFC forms, then of the names themselves. */
export function compareNames(a: string, b: string): number {
  return byCodeUnits(normalizeName(a), normalizeName(b)) || byCodeUnits(a, b);
}

/**
 * Formats a name (NFC) for one line of a terminal. Characters without a visible form of their own become escapes: control
 * characters, line ends, bidirectional controls, zero-width characters, unusual spaces and lone surrogates.
 *
 * Joiners that a script or an emoji needs are kept.
 *
 * @example displayName('a\nb\u202egpj.exe') // 'a\\x0ab\\u{202e}gpj.exe'
 */
export function displayName(name: string): string {
  return normalizeName(name).replace(invisible, escapeCharacter);
}

/** The visual form of a name: two classes with equal forms cannot be distinguished on a screen. */
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

/** Order matters: the exceptions come first and match nothing. */
const invisible = new RegExp(
  [
    // The joiner and selectors of emoji, and the joiners of scripts, between the characters that need them.
    `(?!(?<=[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f])\\u200d(?=\\p{Extended_Pictographic}))`,
    `(?!(?<=[\\p{Emoji}\\p{Extended_Pictographic}])[\\ufe0e\\ufe0f])`,
    `(?!(?<=[${joiningScripts}])[\\u200c\\u200d](?=[${joiningScripts}]))`,
    // The space and the ideographic space are displayed unchanged.
    `(?:\\p{Cc}|\\p{Cf}|\\p{Cs}|\\p{Zl}|\\p{Zp}|\\p{Default_Ignorable_Code_Point}|(?![ \\u3000])\\p{Zs})`,
  ].join(''),
  'gu',
);

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0)!.toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`;
}

/** Cyrillic and Greek letters that most typefaces draw exactly like Latin ones. */
const latinTwins = new Map<string, string>(
  [
    ['АВЕЅІЈКМНОРСТХҮаеорсухѕіјһԁ', 'ABESIJKMHOPCTXYaeopcyxsijhd'],
    ['ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο', 'ABEZHIKMNOPTYXo'],
  ].flatMap(([from, to]) => Array.from(from!, (letter, index): [string, string] => [letter, to![index]!])),
);
