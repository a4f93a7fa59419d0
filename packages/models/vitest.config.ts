import { defineConfig } from 'vitest/config';
import { withOneProcessFor } from '../../vitest.shared.ts';

// `stored-layers.test.ts` and `global-heaps.test.ts` have processes of their own: their files make libhdf5 trap, after which a process
// reads no others.
export default defineConfig({
  test: withOneProcessFor([
    'src/calibration/calibration.test.ts',
    'src/schema/check-value.test.ts',
    'src/stackers/{article,logistic,minimize,row-loss,stacker}.test.ts',
    'src/weights/{check-weight-file,choose-weight-file,keras-names,match-layers}.test.ts',
  ]),
});
