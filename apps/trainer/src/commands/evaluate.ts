import { setupLines } from '@chorus/orchestration/setup-lines';
import { Command } from 'commander';
import { evaluationTable, selectionLine, skippedLines, trainingWarning } from '../print/evaluation-table.ts';
import { countProgress } from '../progress/count-progress.ts';
import { downloadLines } from '../progress/download-lines.ts';
import { stopSignal } from '../stop-signal.ts';
import { userPath } from '../user-folder.ts';
import { followLinksHelp, layoutHelp } from './folder-help.ts';

interface EvaluateFlags {
  bundle: string;
  data: string;
  student: boolean;
  all: boolean;
  layout?: string;
  followLinks: boolean;
  csv?: string;
  wrong?: string;
  labelIssues?: string;
  workers?: string;
  json: boolean;
}

export const evaluateCommand = new Command('evaluate')
  .description('score a bundle on a folder of labeled images, freshly decoded')
  .requiredOption('--bundle <folder>', 'the bundle of a run')
  .requiredOption('--data <folder>', 'images as <split>/<class>/* or <class>/*; or "shapes" or "cats-and-dogs"')
  .option('--student', "score the bundle's student instead of the ensemble", false)
  .option(
    '--all',
    "score every image (default: the run's test images or, if the folder has none, those that the run did not train on)",
    false,
  )
  .option('--layout <name>', layoutHelp)
  .option('--follow-links', followLinksHelp, false)
  .option('--csv <file>', 'also write a table of all images: path, label, predicted class, a probability per class')
  .option('--wrong <file>', 'also write a table of the misclassified images, the most confident first')
  .option('--label-issues <file>', 'also write a table of the images whose labels are implausible, the worst first')
  .option('--workers <list>', 'devices, such as gpu:0 or cpu:0 (default: auto)')
  .option('--json', 'print one JSON object', false)
  .action(async (flags: EvaluateFlags) => {
    const { evaluateBundle, isNamedSource, requireEvaluationFiles, writeEvaluationFiles } = await import(
      '@chorus/orchestration'
    );
    const progress = countProgress(process.stderr);
    const note = (text: string) => {
      progress.clear();
      console.error(text);
    };
    const signal = stopSignal((cause) => note(`${cause}: stopping (a second signal exits at once)`));
    const paths = {
      csv: flags.csv === undefined ? undefined : userPath(flags.csv),
      wrong: flags.wrong === undefined ? undefined : userPath(flags.wrong),
      labelIssues: flags.labelIssues === undefined ? undefined : userPath(flags.labelIssues),
    };
    await requireEvaluationFiles(paths);
    const lines = downloadLines(note);
    let unlisted: string[] = [];
    try {
      const evaluation = await evaluateBundle(
        userPath(flags.bundle),
        isNamedSource(flags.data) ? flags.data : userPath(flags.data),
        {
          ...{ all: flags.all, student: flags.student, followLinks: flags.followLinks, signal },
          ...(flags.layout === undefined ? {} : { layout: flags.layout }),
          downloads: { ...lines, signal },
          onNotice: lines.onNotice,
          onProgress: progress.update,
          onSetup: setupLines(process.stderr),
          onSkipped: (skipped) => {
            unlisted = skippedLines(skipped);
          },
          onSelection(selection) {
            progress.clear();
            // With --json, standard output carries the JSON object only.
            (flags.json ? console.error : console.log)(selectionLine(selection, flags.all));
            const warning = trainingWarning(selection);
            if (warning !== undefined) console.error(warning);
          },
          ...(flags.workers === undefined ? {} : { workers: flags.workers }),
        },
      );
      progress.clear();
      // Printed first: the figures are not lost if a file cannot be written.
      console.log(flags.json ? JSON.stringify(evaluation) : evaluationTable(evaluation));
      await writeEvaluationFiles(evaluation, paths);
      unlisted = [];
    } finally {
      progress.clear();
      // The error that follows names only a few.
      for (const line of unlisted) console.error(line);
    }
  });
