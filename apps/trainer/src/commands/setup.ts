import { setupLines } from '@chorus/orchestration/setup-lines';
import { Command } from 'commander';

export const setupCommand = new Command('setup')
  .description('prepare the native runtime, which the first training or prediction does otherwise')
  .option('--serve', 'only what `chorus serve` needs: no Python, no compiler', false)
  .action(async ({ serve }: { serve: boolean }) => {
    const { setupOnnxruntime, setupRuntime } = await import('@chorus/orchestration');
    if (serve) await setupOnnxruntime(setupLines(process.stdout));
    else await setupRuntime(setupLines(process.stdout));
    console.log(`${serve ? 'onnxruntime' : 'native runtime'}: ready`);
  });
