import { presetNames } from '@chorus/orchestration/presets';
import { setupLines } from '@chorus/orchestration/setup-lines';
import { Command } from 'commander';
import { printable } from '../print/printable.ts';
import { rateTable } from '../print/rate-table.ts';
import { downloadLines } from '../progress/download-lines.ts';
import { stageText } from '../progress/stage-names.ts';
import { stopSignal } from '../stop-signal.ts';
import { userFolder, userPath } from '../user-folder.ts';
import { type ExperimentFlags, repeated, settingsOf } from './experiment-flags.ts';
import { followLinksHelp, layoutHelp } from './folder-help.ts';
import { numberArgument } from './number-argument.ts';

interface LrFindFlags extends ExperimentFlags {
  member: string[];
  stage: string[];
  steps?: number;
  from?: number;
  to?: number;
  out: string;
  json: boolean;
}

export const lrFindCommand = new Command('lr-find')
  .description("suggest learning rates: raises each stage's rate until the loss diverges, and plots the loss")
  .option('--preset <name>', presetNames.join(', '), 'auto')
  .option('--config <file>', 'a config file: .ts or .js, which is executed, or .json, which is data; init writes one')
  .option('--data <folder>', 'as in train')
  .option('--layout <name>', layoutHelp)
  .option('--follow-links', followLinksHelp)
  .option('--weights <folder>', 'as in train')
  .option('--workers <list>', 'as in train; the first one is used')
  .option('--set <path=value>', 'set one value of the experiment; repeatable', repeated, [])
  .option('--member <name>', 'only this member; repeatable', repeated, [])
  .option('--stage <name>', 'only this stage (head, fine-tune or whole); repeatable', repeated, [])
  .option('--steps <count>', 'steps of a sweep, at least 16; at most those of one epoch (default: 100)', numberArgument)
  .option('--from <rate>', 'learning rate of the first step (default: 1e-7)', numberArgument)
  .option('--to <rate>', 'learning rate of the last step (default: 1)', numberArgument)
  .option('--out <file>', 'the plot; an earlier one is replaced', 'lr-find.svg')
  .option('--json', 'print one JSON object', false)
  .action(async (flags: LrFindFlags) => {
    const { findRates, prepareExperiment, requireRatePlot, writeRatePlot } = await import('@chorus/orchestration');
    const signal = stopSignal((cause) => console.error(`${cause}: stopping (a second signal exits at once)`));
    const path = userPath(flags.out);
    await requireRatePlot(path);
    const { experiment, preset } = await prepareExperiment(settingsOf(flags, userFolder(process.env, process.cwd())));
    // Standard output carries the result only.
    if (preset !== undefined) console.error(`preset ${preset.name}: ${preset.reason}`);
    const found = await findRates(experiment, {
      ...(flags.member.length > 0 && { members: flags.member }),
      ...(flags.stage.length > 0 && { stages: flags.stage }),
      ...(flags.from !== undefined && { lowest: flags.from }),
      ...(flags.to !== undefined && { highest: flags.to }),
      ...(flags.steps !== undefined && { stepCount: flags.steps }),
      observer: {
        ...downloadLines(console.error),
        onSetup: setupLines(process.stderr),
        onStage: (task, stage) => console.error(`${task}: ${stageText(stage)}`),
      },
      signal,
    });
    await writeRatePlot(path, found);
    console.log(flags.json ? JSON.stringify(found) : `${rateTable(found)}\n\nplot: ${printable(path)}`);
  });
