/** Builds the page that classifies into `dist/classify`, which any file server can serve. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

export default defineConfig({
  root: fileURLToPath(new URL('classify', import.meta.url)),
  base: './',
  publicDir: false,
  // The page asks for `wasm` alone; WebGPU's build of onnxruntime would be two thirds of the folder.
  resolve: { alias: { 'onnxruntime-web/webgpu': 'onnxruntime-web/wasm' } },
  plugins: [
    {
      // The option below lists what the page bundles, but not what its worker bundles: the predictor.
      name: 'licenses-of-the-predictor',
      async generateBundle() {
        const licenses = fileURLToPath(import.meta.resolve('@chorus/predictor/page/LICENSES.md'));
        this.emitFile({ type: 'asset', fileName: 'LICENSES-predictor.md', source: await readFile(licenses) });
      },
    },
  ],
  worker: { format: 'es', rolldownOptions: { output: { legalComments: 'none' } } },
  build: {
    outDir: fileURLToPath(new URL('dist/classify', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: false,
    // The licenses of what is bundled require their texts.
    license: { fileName: 'LICENSES.md' },
    // The page's policy allows no data: URLs, and the WebAssembly is compiled while it arrives.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2000,
  },
});
