import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareExperiment } from '@chorus/orchestration';
import { mutateJson } from '../mutate/json.ts';
import type { FuzzTarget } from '../target.ts';

/** Experiments in JSON, as `--config FILE.json` reads them. */
export const config: FuzzTarget = {
  name: 'config',
  mutate: mutateJson,
  refusals: ['ConfigError', 'ModelError'],
  async open(folder) {
    const file = join(folder, 'experiment.json');
    return async (input) => {
      await writeFile(file, input);
      await prepareExperiment({ preset: 'auto', file, base: folder, environment: {} });
    };
  },
};
