import { presetNames } from '@chorus/orchestration/presets';
import { Command } from 'commander';
import { downloadLines } from '../progress/download-lines.ts';

export const downloadCommand = new Command('download')
  .description('download the weights and data that a preset needs into the cache; a run does so by itself')
  .requiredOption('--preset <name>', presetNames.filter((name) => name !== 'auto').join(', '))
  .action(async ({ preset }: { preset: string }) => {
    const { prefetchPreset } = await import('@chorus/orchestration');
    // Standard output carries the paths only.
    const paths = await prefetchPreset(preset, process.env, downloadLines(console.error));
    for (const path of paths) console.log(path);
  });
