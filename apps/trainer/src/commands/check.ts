import { presetNames } from '@chorus/orchestration/presets';
import { setupLines } from '@chorus/orchestration/setup-lines';
import { Command } from 'commander';
import { checkSummary } from '../print/check-summary.ts';
import { downloadLines } from '../progress/download-lines.ts';
import { stopSignal } from '../stop-signal.ts';
import { userFolder, userPath } from '../user-folder.ts';
import { type ExperimentFlags, repeated, settingsOf } from './experiment-flags.ts';
import { followLinksHelp, layoutHelp } from './folder-help.ts';

interface CheckFlags extends Omit<ExperimentFlags, 'data'> {
  out?: string;
  json: boolean;
}

export const checkCommand = new Command('check')
  .description('report how a run would read a folder of images and what it would cost; trains and creates nothing')
  .argument('<folder>', 'images as <split>/<class>/* or <class>/*; or "shapes" or "cats-and-dogs"')
  .option('--preset <name>', presetNames.join(', '), 'auto')
  .option('--config <file>', 'a config file: .ts or .js, which is executed, or .json, which is data; init writes one')
  .option('--layout <name>', layoutHelp)
  .option('--follow-links', followLinksHelp)
  .option('--weights <folder>', 'as in train')
  .option('--out <folder>', 'the run folder that train would create (default: runs/<name>-<time>)')
  .option('--workers <list>', 'as in train')
  .option('--set <path=value>', 'set one value of the experiment; repeatable', repeated, [])
  .option('--json', 'print one JSON object', false)
  .action(async (data: string, flags: CheckFlags) => {
    const { checkRun, prepareCandidates } = await import('@chorus/orchestration');
    const signal = stopSignal((cause) => console.error(`${cause}: stopping (a second signal exits at once)`));
    const base = userFolder(process.env, process.cwd());
    const { experiment, preset, others } = await prepareCandidates(settingsOf({ ...flags, data }, base));
    let lastTenth = 0;
    const report = await checkRun(experiment, {
      ...(flags.out === undefined ? { base } : { out: userPath(flags.out) }),
      preset,
      others,
      // Standard output carries the result only.
      downloads: downloadLines(console.error),
      onSetup: setupLines(process.stderr),
      onDecode(done, total) {
        const tenth = Math.floor((10 * done) / total);
        if (tenth === lastTenth) return;
        lastTenth = tenth;
        if (tenth % 5 === 0) console.error(`decoded ${done} of ${total} images`);
      },
      signal,
    });
    console.log(flags.json ? JSON.stringify(report) : checkSummary(report));
    process.exitCode = report.exitCode;
  });
