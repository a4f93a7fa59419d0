import { defineConfig } from 'vitest/config';
import { withOneProcessFor } from '../../vitest.shared.ts';

export default defineConfig({
  test: withOneProcessFor([
    'src/calibration/calibration.test.ts',
    'src/schema/check-value.test.ts',
    'src/stackers/{article,logistic,minimize,row-loss,stacker}.test.ts',
    'src/weights/{check-weight-file,choose-weight-file,global-heaps,keras-names,libhdf5,match-layers,stored-layers}.test.ts',
  ]),
});
