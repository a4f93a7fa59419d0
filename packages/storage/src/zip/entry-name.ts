/**
 * Returns why the name of a zip entry is not a safe relative path; undefined if it is safe.
 *
 * Stricter than the zip reader's check and sufficient without it: path components separated by single slashes, none of
 * them special (`..`, `C:`) or unwritable, with a trailing slash for a folder.
 */
export function whyUnsafe(name: string): string | undefined {
  const parts = (name.endsWith('/') ? name.slice(0, -1) : name).split('/');
  if (name.startsWith('/') || /^[a-z]:/i.test(name)) return 'it is absolute';
  if (parts.some((part) => part === '..' || part === '.')) return 'it has . or .. in it';
  if (parts.some((part) => part === '')) return 'a part of it is empty';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression detects control characters.
  if (/[\\\u0000-\u001f\u007f]/.test(name)) return 'it has a backslash or a control character in it';
  if (parts.some((part) => Buffer.byteLength(part) > 255)) return 'a part of it is longer than 255 bytes';
  return undefined;
}

/** Returns equal keys for names that some file systems do not distinguish. */
export function nameKey(name: string): string {
  return name.normalize('NFC').toLowerCase();
}
