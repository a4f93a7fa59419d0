import { defineConfig } from 'vitest/config';
import { withOneProcessFor } from '../../vitest.shared.ts';

export default defineConfig({
  test: withOneProcessFor(['src/**/*.test.ts']),
});
