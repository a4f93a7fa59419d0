/** Bundles the resize methods into `dist/page/resize.js`, one file for pages and programs without this package. */
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
        entryFileNames: '[name].js',
        banner:
          '// Resizes as the training of Chorus did: resizeLikePillow({ data, width, height }, size), RGB -> [size, size, 3]. Apache-2.0.',
      },
    },
  },
});
