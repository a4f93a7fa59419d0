import { presetNames } from '@chorus/orchestration/presets';
import { Command } from 'commander';

export const downloadCommand = new Command('download')
  .description('bring what a preset needs into the cache, weights and data; a run does it by itself')
  .requiredOption('--preset <name>', presetNames.filter((name) => name !== 'auto').join(', '))
  .action(async ({ preset }: { preset: string }) => {
    const { prefetchPreset } = await import('@chorus/orchestration');
    for (const path of await prefetchPreset(preset, process.env)) console.log(path);
  });
