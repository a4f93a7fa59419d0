/**
 * Returns why the name of a zip entry is not a safe relative path; undefined if it is safe.
 *
 * Stricter than the zip reader's own check and independent of it: a safe name consists of components separated by single
 * slashes, none of them special (`..`, `C:`) or unwritable; a folder's name ends with a slash.
 */
export function whyUnsafe(name: string): string | undefined {
  const parts = (name.endsWith('/') ? name.slice(0, -1) : name).split('/');
  if (name.startsWith('/') || /^[a-z]:/i.test(name)) return 'it is absolute';
  if (parts.some((part) => part === '..' || part === '.')) return 'it contains "." or ".."';
  if (parts.some((part) => part === '')) return 'it contains an empty component';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression detects control characters.
  if (/[\\\u0000-\u001f\u007f]/.test(name)) return 'it contains a backslash or a control character';
  if (parts.some((part) => Buffer.byteLength(part) > 255)) return 'a component is longer than 255 bytes';
  return undefined;
}

/** Returns equal keys for names that some file systems treat as equal. */
export function nameKey(name: string): string {
  return name.normalize('NFC').toLowerCase();
}
