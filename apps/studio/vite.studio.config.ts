/** Builds the page of `chorus studio` into `dist/studio`, which the studio's server serves. */
import { defineConfig } from 'vite';
import { pageConfig } from './vite.shared.ts';

export default defineConfig(pageConfig('studio'));
