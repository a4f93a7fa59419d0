import { defineConfig } from 'vitest/config';
import { withOneProcessFor } from '../../vitest.shared.ts';

export default defineConfig({
  test: withOneProcessFor([
    'src/!(disk-faults|storage|takeover).test.ts',
    'src/download/{fetch-bytes,retry,source,without-credentials}.test.ts',
    'src/zip/*.test.ts',
  ]),
});
