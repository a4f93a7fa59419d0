/** Bundles the resize methods into `dist/page/resize.mjs`, one file for pages and programs without this package. */
import { defineConfig } from 'vite';

export default defineConfig({
  publicDir: false,
  build: {
    outDir: 'dist/page',
    target: 'es2022',
    modulePreload: false,
    // People read and copy it.
    minify: false,
    rolldownOptions: {
      input: { resize: 'dist/resize.js' },
      preserveEntrySignatures: 'strict',
      output: {
        // Also in a package whose files are CommonJS.
        entryFileNames: '[name].mjs',
        banner:
          '// Resizes as the training of Chorus did: resizeLikePillow({ data, width, height }, size), RGB -> [size, size, 3]. Apache-2.0.',
      },
    },
  },
});
