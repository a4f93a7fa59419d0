/** The description of the API as a page. */
import { html } from 'hono/html';
import type { ApiDocument, ApiOperation } from './openapi.ts';

/** The operations of a document; scripts and other files are not needed, except the style sheet. */
export function apiPage({ info, paths }: ApiDocument) {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const tags = [...new Set(operations.flatMap(({ operation }) => operation.tags))];
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${info.title}: API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="style.css">
</head>
<body>
<main>
<h1>API</h1>
<p>${info.description} The same as <a href="openapi.json">OpenAPI 3.1</a>, for tools. <a href="./">Drop an image</a>.</p>
${tags.map(
  (tag) => html`<h2>${tag}</h2>
${operations
  .filter(({ operation }) => operation.tags.includes(tag))
  .map(({ path, method, operation }) => operationHtml(path, method, operation))}`,
)}
</main>
</body>
</html>`;
}

// --- internal ---

function operationHtml(path: string, method: string, operation: ApiOperation) {
  const { summary, description, parameters = [], requestBody, responses } = operation;
  return html`<section class="operation">
<h3><code><b>${method.toUpperCase()}</b> ${path}</code></h3>
<p>${summary}.${description === undefined ? '' : ` ${description}`}</p>
<dl>
${parameters.map((one) => html`<div><dt><code>${one.name}</code></dt><dd>${one.description}</dd></div>`)}
${requestBody === undefined ? '' : html`<div><dt>body</dt><dd>${Object.keys(requestBody.content).join(', ')}</dd></div>`}
${Object.entries(responses).map(([status, one]) => html`<div><dt>${status}</dt><dd>${one.description}</dd></div>`)}
</dl>
</section>`;
}
