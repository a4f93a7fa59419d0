/**
 * Why a name of a zip entry may not become a path below a folder; undefined when it may.
 *
 * Stricter than the reader's own check, so that it holds by itself: parts between single slashes, none of them a place
 * of its own (`..`, `C:`) or unwritable, and a slash at the end for a folder.
 */
export function whyUnsafe(name: string): string | undefined {
  const parts = (name.endsWith('/') ? name.slice(0, -1) : name).split('/');
  if (name.startsWith('/') || /^[a-z]:/i.test(name)) return 'it is absolute';
  if (parts.some((part) => part === '..' || part === '.')) return 'it has . or .. in it';
  if (parts.some((part) => part === '')) return 'a part of it is empty';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  if (/[\\\u0000-\u001f\u007f]/.test(name)) return 'it has a backslash or a control character in it';
  if (parts.some((part) => Buffer.byteLength(part) > 255)) return 'a part of it is longer than 255 bytes';
  return undefined;
}

/** The same for two names that some file system takes for one. */
export function nameKey(name: string): string {
  return name.normalize('NFC').toLowerCase();
}
