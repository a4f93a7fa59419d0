import { setupLines } from '@chorus/orchestration/setup-lines';
import { Command } from 'commander';

export const setupCommand = new Command('setup')
  .description('set up the native runtime, which otherwise happens with the first training or prediction')
  .action(async () => {
    const { setupRuntime } = await import('@chorus/orchestration');
    await setupRuntime(setupLines(process.stdout));
    console.log('native runtime: ready');
  });
