import { defineConfig } from 'vitest/config';
import { withOneProcessFor } from '../../vitest.shared.ts';

export default defineConfig({
  test: withOneProcessFor([
    'src/{batches,dataset-checks,decode-budget,decode-format,display-name,duplicates,folder-layout,folds}.test.ts',
    'src/{hash-index,list-images,names,picture-difference,resample,split,unused-entries}.test.ts',
  ]),
});
