import type { ExplanationFiles, FoundImages } from '@chorus/orchestration';
import { setupLines } from '@chorus/orchestration/setup-lines';
import { Command } from 'commander';
import { predictionLine } from '../print/prediction-line.ts';
import { printable } from '../print/printable.ts';
import { countProgress } from '../progress/count-progress.ts';
import { stopSignal } from '../stop-signal.ts';
import { userFolder, userPath } from '../user-folder.ts';
import { numberArgument, wholeNumberArgument } from './number-argument.ts';

interface PredictFlags {
  bundle: string;
  student: boolean;
  workers?: string;
  top: number;
  allProbabilities: boolean;
  minAccuracy?: number;
  answeredShare?: number;
  coverage?: number;
  csv?: string;
  jsonl?: string;
  explain?: string;
  json: boolean;
}

export const predictCommand = new Command('predict')
  .description('classify images; prints one line per image as results arrive')
  .argument(
    '<image...>',
    'files, folders, quoted patterns ("photos/**/*.jpg"), http(s) URLs, or - for one image on standard input',
  )
  .requiredOption('--bundle <folder>', 'the bundle of a run')
  .option('--student', "classify with the bundle's student instead of the ensemble", false)
  .option('--top <count>', 'number of classes to show, the most probable first', wholeNumberArgument, 1)
  .option('--all-probabilities', 'show every class', false)
  .option(
    '--min-accuracy <share>',
    'mark the images to leave to a human so that the others reach an accuracy: 0.9, 0.95, 0.98, 0.99, 0.995 or 0.999',
    numberArgument,
  )
  .option(
    '--answered-share <share>',
    'mark the images to leave to a human so that this share of images like the training images is answered: 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98 or 0.99',
    numberArgument,
  )
  .option(
    '--coverage <share>',
    'show sets of classes, of which this share contains the true class: 0.9, 0.95 or 0.99',
    numberArgument,
  )
  .option(
    '--csv <file>',
    'also write a table: path, predicted class, a probability per class; accepted and set if asked for',
  )
  .option('--jsonl <file>', 'also write one JSON object per line')
  .option(
    '--explain <folder>',
    'also write heat maps by Grad-CAM: where the ensemble and each member find evidence for the predicted class',
  )
  .option('--workers <list>', 'devices, such as gpu:0 or cpu:0 (default: auto)')
  .option('--json', 'print one JSON object per line', false)
  .action(async (words: string[], flags: PredictFlags) => {
    const { exitCodes, findImages, openExplanationFiles, openPredictionFiles, predictStream } = await import(
      '@chorus/orchestration'
    );
    const progress = countProgress(process.stderr);
    const note = (text: string) => {
      progress.clear();
      console.error(text);
    };
    const signal = stopSignal((cause) => note(`${cause}: stopping (a second signal exits at once)`));
    const writesFiles = [flags.csv, flags.jsonl, flags.explain].some((path) => path !== undefined);
    // `chorus predict … | head -1` closes the pipe: the remaining output has no reader.
    const unread = new AbortController();
    if (!writesFiles) process.stdout.once('error', () => unread.abort());
    const found = await findImages(words, {
      base: userFolder(process.env, process.cwd()),
      // Opened only on request: it may be a pipe that another process reads.
      ...(words.includes('-') ? { stdin: process.stdin } : {}),
    });
    notePassedOver(found, note);
    const files = await openPredictionFiles({ csv: absolute(flags.csv), jsonl: absolute(flags.jsonl) });
    let maps: ExplanationFiles | undefined;
    const classCount = flags.allProbabilities ? Number.POSITIVE_INFINITY : flags.top;
    const { inputs } = found;
    let answeredCount = 0;
    let skippedCount = 0;
    let notDrawnCount = 0;
    try {
      if (flags.explain !== undefined) maps = await openExplanationFiles(userPath(flags.explain));
      const { student, minAccuracy, answeredShare, coverage } = flags;
      const stream = predictStream(userPath(flags.bundle), inputs, {
        signal: AbortSignal.any([signal, unread.signal]),
        ...{ student, minAccuracy, answeredShare, coverage },
        explains: maps !== undefined,
        onSetup: setupLines(process.stderr),
        onNotice: (notice) => note(printable(notice)),
        ...(flags.workers === undefined ? {} : { workers: flags.workers }),
      });
      for await (const { predictions, explanations = [], skipped, doneCount, classes, limits } of stream) {
        await files.write(predictions, classes);
        const notDrawn = (await maps?.write(explanations, limits)) ?? [];
        progress.clear();
        for (const one of predictions) console.log(flags.json ? JSON.stringify(one) : predictionLine(one, classCount));
        for (const { path, reason } of skipped) console.error(`chorus: ${printable(path)}: ${printable(reason)}`);
        for (const { path, reason } of notDrawn)
          console.error(`chorus: ${printable(path)}: no picture of its heat maps: ${printable(reason)}`);
        progress.update('classified', doneCount, inputs.length);
        answeredCount += predictions.length;
        skippedCount += skipped.length;
        notDrawnCount += notDrawn.length;
      }
      if (answeredCount > 0) {
        await files.publish();
        await maps?.publish();
      }
    } catch (error) {
      if (!unread.signal.aborted || signal.aborted) throw error;
    } finally {
      progress.clear();
      await files.discard();
      await maps?.discard();
      // It may be a pipe that never closes.
      if (words.includes('-')) process.stdin.destroy();
    }
    if (unread.signal.aborted || skippedCount + notDrawnCount === 0) return;
    process.exitCode = exitCodes.badData;
    if (notDrawnCount > 0)
      console.error(`chorus: The heat maps of ${notDrawnCount} of ${answeredCount} images were not drawn.`);
    if (skippedCount === 0) return;
    console.error(
      answeredCount === 0
        ? inputs.length === 1
          ? 'chorus: The image could not be classified.'
          : `chorus: None of the ${inputs.length} images could be classified.`
        : `chorus: ${answeredCount} of ${inputs.length} images were classified; ${skippedCount} cannot be used.`,
    );
  });

function absolute(path: string | undefined): string | undefined {
  return path === undefined ? undefined : userPath(path);
}

/** One line per reason, however many files it applies to. */
function notePassedOver({ passedOver }: FoundImages, note: (text: string) => void): void {
  const reasons = new Map<string, string[]>();
  for (const { path, reason } of passedOver) reasons.set(reason, [...(reasons.get(reason) ?? []), printable(path)]);
  for (const [reason, paths] of reasons) {
    const more = paths.length > 3 ? ` and ${paths.length - 3} more` : '';
    note(`not used: ${printable(reason)}: ${paths.slice(0, 3).join(', ')}${more}`);
  }
}
