/** The page that classifies: `?bundle=URL` names its bundle; without it, a folder `bundle` beside the page is used if there is one. */
import { render } from 'preact';
import { App } from './app.tsx';

render(<App bundle={await bundleOfPage()} />, document.querySelector('#page')!);

// --- internal ---

async function bundleOfPage(): Promise<string | undefined> {
  const named = new URLSearchParams(location.search).get('bundle');
  if (named !== null && named !== '') return named;
  const beside = await fetch('bundle/SHA256SUMS', { method: 'HEAD' }).catch(() => undefined);
  return beside?.ok ? 'bundle' : undefined;
}
