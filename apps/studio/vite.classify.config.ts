/** Builds the page that classifies into `dist/classify`, which any file server can serve. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { pageConfig } from './vite.shared.ts';

export default defineConfig({
  ...pageConfig('classify'),
  // The page asks for `wasm` alone; WebGPU's build of onnxruntime would be two thirds of the folder.
  resolve: { alias: { 'onnxruntime-web/webgpu': 'onnxruntime-web/wasm' } },
  plugins: [
    {
      // The page's list of licenses covers what it bundles, but not what its worker bundles: the predictor.
      name: 'licenses-of-the-predictor',
      async generateBundle() {
        const licenses = fileURLToPath(import.meta.resolve('@chorus/predictor/page/LICENSES.md'));
        this.emitFile({ type: 'asset', fileName: 'LICENSES-predictor.md', source: await readFile(licenses) });
      },
    },
  ],
});
