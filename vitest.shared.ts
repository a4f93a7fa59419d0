import { fileURLToPath } from 'node:url';
import type { TestProjectInlineConfiguration, ViteUserConfig } from 'vitest/config';

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
  // Compiled packages need no transformation; vitest would transform each of their modules for each file.
  server: { deps: { external: [/\/dist\/.*\.m?js$/] } },
  reporters: ['default', 'json'],
  outputFile: { json: 'test-results.json' },
} satisfies ViteUserConfig['test'];

/**
 * The same, but some files run in one process, one after the other: starting a process and loading the modules takes longer
 * than most of their tests. They must not start TensorFlow, and must restore what they change in the process.
 *
 * @param files patterns of these files, relative to the package.
 */
export function withOneProcessFor(files: string[]) {
  const { reporters, outputFile, maxWorkers, ...common } = sharedTestConfig;
  const setupFiles = [...common.setupFiles, fileURLToPath(new URL('./vitest.one-process.setup.ts', import.meta.url))];
  return {
    ...{ reporters, outputFile, maxWorkers },
    projects: [
      { test: { ...common, name: 'own process', exclude: files } },
      { test: { ...common, name: 'one process', include: files, isolate: false, setupFiles } },
    ] satisfies TestProjectInlineConfiguration[],
  } satisfies ViteUserConfig['test'];
}
