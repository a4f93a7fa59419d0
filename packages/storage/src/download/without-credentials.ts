/**
 * Returns a URL without its user name and password, for messages; returns other URLs unchanged. In text that is not a valid
 * URL, everything before the last `@` counts as credentials.
 */
export function withoutCredentials(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  // A URL with neither a host nor an absolute path, such as `me:secret@example.org`, lacks its scheme.
  if (parsed === undefined || (parsed.host === '' && !parsed.pathname.startsWith('/')))
    return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1');
  if (parsed.username === '' && parsed.password === '') return url;
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}
