import { presetNames } from '@chorus/orchestration/presets';
import { Command } from 'commander';
import { downloadLines } from '../progress/download-lines.ts';

export const downloadCommand = new Command('download')
  .description('download the weights and data of a preset into the cache in advance; a run does so when needed')
  .requiredOption('--preset <name>', presetNames.filter((name) => name !== 'auto').join(', '))
  .action(async ({ preset }: { preset: string }) => {
    const { prefetchPreset } = await import('@chorus/orchestration');
    // Standard output is for the paths.
    const paths = await prefetchPreset(preset, process.env, downloadLines(console.error));
    for (const path of paths) console.log(path);
  });
