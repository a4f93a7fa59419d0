/** The site. `vitepress build` fails on links to pages that do not exist; `tools/links` also checks anchors. */
import { existsSync, readdirSync } from 'node:fs';
import { defineConfig } from 'vitepress';
import { slugOf } from '../../tools/links/src/slug.ts';

const pages = {
  Guide: [
    'getting-started',
    'concepts',
    'presets',
    'training',
    'devices',
    'command-line',
    'studio',
    'predictor',
    'serve',
    'report',
    'export',
    'reliability',
    'troubleshooting',
  ],
  Reference: ['formats', 'numbers', 'speed', 'comparison', 'article'],
  Development: ['architecture'],
};

const titles: Record<string, string> = {
  'getting-started': 'Getting started',
  concepts: 'Concepts',
  presets: 'Presets',
  training: 'Training stages',
  devices: 'Devices',
  'command-line': 'Command line',
  studio: 'Studio',
  predictor: 'Predictor',
  serve: 'Serving',
  report: 'Report',
  export: 'Export',
  reliability: 'Reliability',
  troubleshooting: 'Troubleshooting',
  formats: 'Image formats',
  numbers: 'Numbers',
  speed: 'Speed',
  comparison: 'Comparison',
  article: 'The article',
  architecture: 'Architecture',
};

export default defineConfig({
  title: 'Chorus',
  description: 'Concurrent fine-tuning and stacking of image classifiers in Node.js',
  cleanUrls: true,
  ignoreDeadLinks: false,
  vite: { build: { chunkSizeWarningLimit: 4000 } },
  markdown: { anchor: { slugify: slugOf } },
  themeConfig: {
    nav: [
      { text: 'Guide', link: '/getting-started' },
      { text: 'API', link: '/api/' },
    ],
    sidebar: [
      ...Object.entries(pages).map(([text, names]) => ({
        text,
        items: names.map((name) => ({ text: titles[name]!, link: `/${name}` })),
      })),
      { text: 'API', items: apiPages() },
    ],
    search: { provider: 'local' },
    outline: [2, 3],
  },
});

/** One page per package, written by TypeDoc before the site is built. */
function apiPages() {
  const folder = new URL('../api/@chorus/', import.meta.url);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => ({ text: `@chorus/${name.slice(0, -3)}`, link: `/api/@chorus/${name.slice(0, -3)}` }));
}
