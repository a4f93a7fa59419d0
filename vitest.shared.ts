import { fileURLToPath } from 'node:url';
import type { ViteUserConfig } from 'vitest/config';

/**
 * What every package's tests share: one process a file (TensorFlow keeps process-wide state) and one file at a
 * time (two would share the cores that the lanes under test count on). The JSON file is what `tools/tally` counts.
 */
export const sharedTestConfig = {
  include: ['src/**/*.test.ts'],
  setupFiles: [fileURLToPath(new URL('./vitest.setup.ts', import.meta.url))],
  pool: 'forks',
  maxWorkers: 1,
  testTimeout: 120_000,
  hookTimeout: 120_000,
  clearMocks: true,
  reporters: ['default', 'json'],
  outputFile: { json: 'test-results.json' },
} satisfies ViteUserConfig['test'];
