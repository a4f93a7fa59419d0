/** Bundles the browser's entry into `dist/page`, for pages without a build step. */
import { defineConfig } from 'vite';

export default defineConfig({
  base: './',
  publicDir: false,
  build: {
    outDir: 'dist/page',
    target: 'es2022',
    modulePreload: false,
    // The licenses of what is bundled require their texts.
    license: { fileName: 'LICENSES.md' },
    // Never inlined: the WebAssembly is compiled while it arrives.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      input: { predictor: 'dist/browser.js' },
      preserveEntrySignatures: 'strict',
      output: { entryFileNames: '[name].js', chunkFileNames: '[name].js', assetFileNames: '[name][extname]' },
    },
  },
});
