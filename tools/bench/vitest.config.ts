import { defineConfig } from 'vitest/config';
import { withOneProcessFor } from '../../vitest.shared.ts';

export default defineConfig({
  test: withOneProcessFor([
    'src/{arguments,comparison,statistics,straight-line,student-t,table}.test.ts',
    'src/{rounds,soak}/*.test.ts',
    'src/contestants/{predicting-share,protocol}.test.ts',
  ]),
});
