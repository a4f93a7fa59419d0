import { defineConfig } from 'vitest/config';
import { withOneProcessFor } from '../../vitest.shared.ts';

export default defineConfig({
  test: withOneProcessFor([
    'src/{augmentation,fit-stage,kept-models,learning-rate,require-finite,suggest-rate,weight-file,weight-histogram}.test.ts',
    'src/augment/{parameters,policy}.test.ts',
  ]),
});
