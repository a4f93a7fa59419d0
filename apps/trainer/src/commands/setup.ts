import { setupLines } from '@chorus/orchestration/setup-lines';
import { Command } from 'commander';

export const setupCommand = new Command('setup')
  .description('prepare the native runtime, which the first training or prediction does otherwise')
  .action(async () => {
    const { setupRuntime } = await import('@chorus/orchestration');
    await setupRuntime(setupLines(process.stdout));
    console.log('native runtime: ready');
  });
