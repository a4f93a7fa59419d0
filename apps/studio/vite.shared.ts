/** What the builds of both pages share. */
import { fileURLToPath } from 'node:url';
import type { UserConfig } from 'vite';

/** @param page its folder here, and in `dist`. */
export function pageConfig(page: string): UserConfig {
  return {
    root: fileURLToPath(new URL(page, import.meta.url)),
    base: './',
    publicDir: false,
    worker: { format: 'es', rolldownOptions: { output: { legalComments: 'none' } } },
    build: {
      outDir: fileURLToPath(new URL(`dist/${page}`, import.meta.url)),
      emptyOutDir: true,
      target: 'es2022',
      modulePreload: false,
      // The licenses of what is bundled require their texts.
      license: { fileName: 'LICENSES.md' },
      // The pages' policies allow no data: URLs, and WebAssembly is compiled while it arrives.
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 2000,
    },
  };
}
