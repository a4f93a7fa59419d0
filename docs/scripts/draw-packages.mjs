#!/usr/bin/env node
/**
 * Draws pictures/packages.svg: the packages and apps of the workspace in layers, and the imports between them that their manifests
 * declare. An import that a longer chain of imports implies is left out.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);
const imports = readImports(['packages', 'apps']);
const layers = layersOf(imports);

const box = { width: 190, height: 54, gapX: 30, gapY: 62, margin: 20 };
const widest = Math.max(...layers.map((layer) => layer.length));
const width = 2 * box.margin + widest * box.width + (widest - 1) * box.gapX;
const height = 2 * box.margin + layers.length * box.height + (layers.length - 1) * box.gapY;
const places = new Map();
for (const [depth, layer] of layers.entries()) {
  const start = (width - layer.length * box.width - (layer.length - 1) * box.gapX) / 2;
  for (const [index, name] of layer.entries())
    places.set(name, {
      x: start + index * (box.width + box.gapX),
      y: box.margin + depth * (box.height + box.gapY),
    });
}

const arrows = [...imports].flatMap(([from, targets]) =>
  withoutImplied(targets, imports).map((to) => {
    const [a, b] = [places.get(from), places.get(to)];
    const [x1, y1, x2, y2] = [a.x + box.width / 2, a.y + box.height, b.x + box.width / 2, b.y - 7];
    const bend = (y2 - y1) / 2;
    return `<path d="M${x1} ${y1} C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}" marker-end="url(#head)"/>`;
  }),
);
const boxes = [...places].map(
  ([name, { x, y }]) =>
    `<rect x="${x}" y="${y}" width="${box.width}" height="${box.height}" rx="8"/><text x="${x + box.width / 2}" y="${y + box.height / 2 + 5}">${name}</text>`,
);
const style =
  'rect{fill:#f3f6fb;stroke:#48618f;stroke-width:1.5}text{font:15px ui-sans-serif,system-ui,sans-serif;fill:#1b2a47;text-anchor:middle}' +
  'path{fill:none;stroke:#6b7f9f;stroke-width:1.5}marker path{fill:#6b7f9f;stroke:none}' +
  '@media (prefers-color-scheme:dark){rect{fill:#1f2937;stroke:#8aa4d0}text{fill:#e5ecf8}path{stroke:#9aaccb}marker path{fill:#9aaccb}}';
mkdirSync(new URL('docs/pictures/', root), { recursive: true });
writeFileSync(
  new URL('docs/pictures/packages.svg', root),
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>Packages of Chorus and their imports</title>
<style>${style}</style>
<defs><marker id="head" viewBox="0 0 10 10" refX="5" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z"/></marker></defs>
${arrows.join('\n')}
${boxes.join('\n')}
</svg>
`,
);

/** Package name → names of the workspace packages that it imports at run time. */
function readImports(groups) {
  const manifests = groups.flatMap((group) =>
    readdirSync(new URL(`${group}/`, root), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => JSON.parse(readFileSync(new URL(`${group}/${name}/package.json`, root), 'utf8'))),
  );
  const names = new Set(manifests.map(({ name }) => name));
  return new Map(
    manifests.map(({ name, dependencies = {} }) => [
      name,
      Object.keys(dependencies).filter((other) => names.has(other)),
    ]),
  );
}

/** Layers from the top: a package is one below the lowest package that imports it. */
function layersOf(graph) {
  const depths = new Map();
  const depthOf = (name, path = []) => {
    if (path.includes(name)) throw new Error(`Circular imports: ${[...path, name].join(' → ')}.`);
    if (!depths.has(name)) {
      const importers = [...graph].flatMap(([importer, targets]) => (targets.includes(name) ? [importer] : []));
      depths.set(name, 1 + Math.max(-1, ...importers.map((importer) => depthOf(importer, [...path, name]))));
    }
    return depths.get(name);
  };
  const layers = [];
  for (const name of [...graph.keys()].toSorted()) {
    const depth = depthOf(name);
    layers[depth] ??= [];
    layers[depth].push(name);
  }
  return layers;
}

function withoutImplied(targets, graph) {
  const reaches = (start, goal) => graph.get(start).some((next) => next === goal || reaches(next, goal));
  return targets.filter((target) => !targets.some((other) => other !== target && reaches(other, target)));
}

console.log(`wrote ${fileURLToPath(new URL('docs/pictures/packages.svg', root))}`);
