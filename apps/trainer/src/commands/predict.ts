import { Command } from 'commander';
import { printable } from '../print/printable.ts';
import { userPath } from '../user-folder.ts';

interface PredictFlags {
  bundle: string;
  workers?: string;
  json: boolean;
}

export const predictCommand = new Command('predict')
  .description('classify image files')
  .argument('<file...>', 'images')
  .requiredOption('--bundle <folder>', 'the bundle of a run')
  .option('--workers <list>', 'devices, such as gpu:0 or cpu:0 (default: auto)')
  .option('--json', 'print one JSON object a line', false)
  .action(async (files: string[], flags: PredictFlags) => {
    const { exitCodes, predictFiles } = await import('@chorus/orchestration');
    const { predictions, skipped } = await predictFiles(userPath(flags.bundle), files.map(userPath), {
      ...(flags.workers === undefined ? {} : { workers: flags.workers }),
    });
    for (const prediction of predictions) {
      const { path, predicted, probabilities } = prediction;
      console.log(
        flags.json
          ? JSON.stringify(prediction)
          : `${printable(path)}  ${printable(predicted)}  ${(100 * probabilities[predicted]!).toFixed(1)} %`,
      );
    }
    for (const { path, reason } of skipped) console.error(`chorus: ${printable(path)}: ${printable(reason)}`);
    if (skipped.length > 0) process.exitCode = exitCodes.badData;
  });
