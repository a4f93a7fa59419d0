import { existsSync, readFileSync } from 'node:fs';
import { afterAll, expect } from 'vitest';

const libraries = '/proc/self/maps';

// For files that share a process; the next one would find TensorFlow's state.
afterAll(() => {
  if (existsSync(libraries) && readFileSync(libraries, 'utf8').includes('libtensorflow'))
    throw new Error(
      `${expect.getState().testPath} starts TensorFlow; remove it from the files that share a process, in the package's vitest.config.ts.`,
    );
});
