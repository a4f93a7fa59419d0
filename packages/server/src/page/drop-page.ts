/** A page that classifies the images that are dropped on it. */
import { html } from 'hono/html';
import type { ModelInUse } from '../model/image-service.ts';

/**
 * @param model undefined if the page asks for a token: without one, it does not show what the server classifies.
 * @param folder of the page's files, from the page.
 */
export function dropPage(model: ModelInUse | undefined, folder: string) {
  const title = model === undefined ? 'Classify images' : model.name;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${folder}style.css">
<script type="module" src="${folder}drop-page.js"></script>
</head>
<body>
<main>
<h1>${title}</h1>
<p>${model === undefined ? '' : factsOf(model)} <a href="${folder}docs">API</a></p>
${
  model === undefined
    ? html`<p><label>Token <input id="token" type="password" autocomplete="current-password"></label></p>`
    : ''
}
<label class="drop" id="drop">
<input id="files" type="file" accept="image/*" multiple>
<span><b>Choose images</b>, drop them here, or paste one.</span>
</label>
<p id="status" role="status"></p>
<ol id="results"></ol>
</main>
</body>
</html>`;
}

// --- internal ---

const shownLabels = 12;

function factsOf({ version, labels }: ModelInUse): string {
  const shown = labels.slice(0, shownLabels).join(', ');
  return `Version ${version}, ${labels.length} classes: ${shown}${labels.length > shownLabels ? ', …' : ''}.`;
}
