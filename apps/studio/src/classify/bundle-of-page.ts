/**
 * The URL of the bundle that the page starts with: `?bundle=URL` in its address, or else a folder `bundle` beside the page, if there
 * is one.
 */
export async function bundleOfPage(): Promise<string | undefined> {
  const named = new URLSearchParams(location.search).get('bundle');
  if (named !== null && named !== '') return named;
  const signal = AbortSignal.timeout(10_000);
  const beside = await fetch('bundle/SHA256SUMS', { method: 'HEAD', signal }).catch(() => undefined);
  return beside?.ok ? 'bundle' : undefined;
}
