import { presetNames } from '@chorus/orchestration/presets';
import { Command } from 'commander';

export const downloadCommand = new Command('download')
  .description('bring what a preset needs into the cache: public weights and data; a run does it by itself')
  .requiredOption('--preset <name>', presetNames.filter((name) => name !== 'auto').join(', '))
  .action(async ({ preset }: { preset: string }) => {
    const { prefetch, prepareExperiment } = await import('@chorus/orchestration');
    const base = process.cwd();
    const { experiment } = await prepareExperiment({ preset, base, environment: {} });
    const { data, weights } = await prefetch(experiment, process.env);
    for (const path of [...new Set(weights), data]) console.log(path);
  });
