import { Command } from 'commander';
import { evaluationTable } from '../print/leaderboard.ts';
import { downloadLines } from '../progress/download-lines.ts';
import { userPath } from '../user-folder.ts';
import { followLinksHelp, layoutHelp } from './folder-help.ts';

interface EvaluateFlags {
  bundle: string;
  data: string;
  all: boolean;
  layout?: string;
  followLinks: boolean;
  workers?: string;
  json: boolean;
}

export const evaluateCommand = new Command('evaluate')
  .description('score a bundle on a folder of labelled images, freshly decoded')
  .requiredOption('--bundle <folder>', 'the bundle of a run')
  .requiredOption('--data <folder>', 'images as <split>/<class>/* or <class>/*; or "shapes" or "cats-and-dogs"')
  .option('--all', "every image; by default those that the bundle's run would test on", false)
  .option('--layout <name>', layoutHelp)
  .option('--follow-links', followLinksHelp, false)
  .option('--workers <list>', 'devices, such as gpu:0 or cpu:0 (default: auto)')
  .option('--json', 'print one JSON object', false)
  .action(async (flags: EvaluateFlags) => {
    const { evaluateBundle, isNamedSource } = await import('@chorus/orchestration');
    const evaluation = await evaluateBundle(
      userPath(flags.bundle),
      isNamedSource(flags.data) ? flags.data : userPath(flags.data),
      {
        all: flags.all,
        followLinks: flags.followLinks,
        ...(flags.layout === undefined ? {} : { layout: flags.layout }),
        downloads: downloadLines(console.error),
        ...(flags.workers === undefined ? {} : { workers: flags.workers }),
      },
    );
    console.log(flags.json ? JSON.stringify(evaluation) : evaluationTable(evaluation));
  });
