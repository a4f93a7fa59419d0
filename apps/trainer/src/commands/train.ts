import { dirname, join } from 'node:path';
import type { RunObserver, TrainOptions } from '@chorus/orchestration';
import { presetNames } from '@chorus/orchestration/presets';
import { reportToSupervisor, type Supervised } from '@chorus/orchestration/supervisor';
import { Command } from 'commander';
import { parseDuration } from '../duration.ts';
import { outputIsOnlyLog } from '../output.ts';
import { leaderboard } from '../print/leaderboard.ts';
import { planSummary } from '../print/plan-summary.ts';
import { printable } from '../print/printable.ts';
import { seedsTable } from '../print/seeds-table.ts';
import type { Progress } from '../progress/progress.ts';
import { progressFor } from '../progress/progress-for.ts';
import { reportPageLines } from '../report-page.ts';
import { stopSignal } from '../stop-signal.ts';
import { userFolder, userPath } from '../user-folder.ts';
import { type ExperimentFlags, repeated, settingsOf } from './experiment-flags.ts';
import { followLinksHelp, layoutHelp } from './folder-help.ts';

interface TrainFlags extends ExperimentFlags {
  out?: string;
  resume?: string;
  force?: boolean;
  seeds?: number;
  time?: string;
  tensorboard?: boolean;
  dryRun?: boolean;
}

export const trainCommand = new Command('train')
  .description('train, stack and test the members of an ensemble; writes a run folder')
  .option('--preset <name>', presetNames.join(', '), 'auto')
  .option('--config <file>', 'a config file: .ts or .js, which is executed, or .json, which is data; init writes one')
  .option(
    '--data <folder>',
    'images as <split>/<class>/* or <class>/*; or "shapes" (drawn), or "cats-and-dogs" (downloaded)',
  )
  .option('--layout <name>', layoutHelp)
  .option('--follow-links', followLinksHelp)
  .option(
    '--weights <folder>',
    'keras-applications .h5 files; or "imagenet" (downloaded), "random", "auto" (CHORUS_WEIGHTS, else imagenet)',
  )
  .option('--out <folder>', 'the run folder (default: runs/<name>-<time>)')
  .option('--resume <folder>', 'resume a run that was stopped or killed')
  .option(
    '--force',
    'with --resume: go on although the experiment or the images were edited, which the report will say',
  )
  .option('--seeds <count>', 'train with several seeds, one run after the other, and compare them', Number)
  .option(
    '--time <duration>',
    'wall time of the whole run, such as 90s, 10m or 1.5h: chooses members, input sizes and epochs that fit',
  )
  .option('--tensorboard', 'write logs for TensorBoard to the folder tensorboard of the run folder, while it trains')
  .option(
    '--workers <list>',
    'devices that train, one lane each, such as gpu:0,gpu:1 or cpu:1,cpu:2 (default: CHORUS_WORKERS or auto)',
  )
  .option('--set <path=value>', 'set one value of the experiment; repeatable', repeated, [])
  .option(
    '--dry-run',
    'print the plan with its memory, disk space and time; downloads what the run needs, but creates no run folder',
  )
  .addHelpText(
    'after',
    '\nA run that crashes or hangs is started again from its checkpoints, at most twice for the same training.\n--set watchdogSeconds=N sets when it counts as hung (60; 0: never).',
  )
  .action(async (flags: TrainFlags) => {
    const { ConfigError } = await import('@chorus/orchestration');
    const ignored = ignoredWithResume(flags);
    if (ignored !== undefined)
      throw new ConfigError(`A resumed run keeps its settings; omit ${ignored}, or start a new run.`);
    if (flags.force && flags.resume === undefined)
      throw new ConfigError('--force accepts what was edited since a run was started; name the run with --resume.');
    if (!flags.dryRun) outputIsOnlyLog();
    const progress = progressFor(process.stdout);
    const supervised = reportToSupervisor();
    const signal = stopSignal((cause) =>
      progress.note(`${cause}: stopping after the current batch (a second signal exits at once)`),
    );
    const base = userFolder(process.env, process.cwd());
    try {
      if (flags.seeds !== undefined) {
        const { summary, folder, runs } = await trainSeveral(flags.seeds, flags, base, {
          progress,
          supervised,
          signal,
        });
        progress.end();
        console.log(seedsTable(summary, folder));
        const folders = runs.map((run) => run.folder);
        for (const line of await reportPageLines(folders, folder)) console.log(line);
        process.exitCode = Math.max(...runs.map((run) => run.exitCode));
        return;
      }
      if (flags.dryRun) {
        const plan = await planNew(flags, base, { progress, supervised, signal });
        progress.end();
        console.log(planSummary(plan));
        return;
      }
      const { report, folder, exitCode, wasFinished } =
        flags.resume === undefined
          ? await trainNew(flags, base, { progress, supervised, signal })
          : await resumeRun(flags.resume, flags, { progress, supervised, signal });
      progress.end();
      if (wasFinished) console.log(`The run in ${folder} has finished; nothing was changed.`);
      console.log(leaderboard(report, folder));
      if (!wasFinished) for (const line of await reportPageLines([folder])) console.log(line);
      process.exitCode = exitCode;
    } finally {
      progress.end();
    }
  });

/** What follows a run, and stops it. */
interface Watching {
  progress: Progress;
  supervised: Supervised;
  signal: AbortSignal;
}

/** What a new run is started with. */
async function newRun(flags: TrainFlags, base: string, watching: Watching) {
  const { prepareExperiment } = await import('@chorus/orchestration');
  const set = [...flags.set, ...(await timeBudgetOf(flags))];
  const { experiment, preset } = await prepareExperiment(settingsOf({ ...flags, set }, base));
  if (preset !== undefined) watching.progress.note(`preset ${preset.name}: ${preset.reason}`);
  const options = {
    ...(flags.out === undefined ? { base } : { out: userPath(flags.out) }),
    ...(preset === undefined ? {} : { preset: preset.name }),
    ...watchingOf(flags, watching),
  };
  return { experiment, options };
}

/** The time budget as an assignment, if there is one. */
async function timeBudgetOf({ time }: TrainFlags): Promise<string[]> {
  if (time === undefined) return [];
  const seconds = parseDuration(time);
  if (seconds !== undefined) return [`timeBudgetSeconds=${seconds}`];
  const { ConfigError } = await import('@chorus/orchestration');
  throw new ConfigError(`--time: expected a duration of at least 1s, such as 90s, 10m or 1.5h, received "${time}".`);
}

async function trainNew(...run: Parameters<typeof newRun>) {
  const { train } = await import('@chorus/orchestration');
  const { experiment, options } = await newRun(...run);
  return train(experiment, options);
}

async function resumeRun(folder: string, flags: TrainFlags, watching: Parameters<typeof watchingOf>[1]) {
  const { train } = await import('@chorus/orchestration');
  const { force = false } = flags;
  return train({}, { resume: userPath(folder), force, ...watchingOf(flags, watching) });
}

async function trainSeveral(count: number, ...run: Parameters<typeof newRun>) {
  const { ConfigError, trainSeeds } = await import('@chorus/orchestration');
  const [flags, , { progress, supervised }] = run;
  if (flags.dryRun) throw new ConfigError('Expected either --seeds or --dry-run; the plan is the same for every seed.');
  const { experiment, options } = await newRun(...run);
  const onSeed = (seed: number, index: number) => progress.note(`seed ${seed}: run ${index + 1} of ${count}`);
  const onStart: RunObserver['onStart'] = (run) => {
    options.observer.onStart?.(run);
    // The same command continues all runs.
    const out = flags.out === undefined ? ['--out', dirname(run.folder)] : [];
    supervised.announce({ folder: run.folder, resume: [...process.argv.slice(2), ...out] });
  };
  return trainSeeds(experiment, count, { ...options, observer: { ...options.observer, onStart }, onSeed });
}

async function planNew(...run: Parameters<typeof newRun>) {
  const { planRun } = await import('@chorus/orchestration');
  const { experiment, options } = await newRun(...run);
  return planRun(experiment, options);
}

/** Where a run reports its progress. Without `--tensorboard`, a resumed run continues the logs that it has. */
function watchingOf(
  { tensorboard }: TrainFlags,
  { progress: { observer, note }, supervised, signal }: Watching,
): Pick<TrainOptions, 'tensorboard' | 'supervision' | 'signal'> & { observer: Partial<RunObserver> } {
  const onStart: RunObserver['onStart'] = (run) => {
    supervised.announce({ folder: run.folder, resume: ['train', '--resume', run.folder] });
    observer.onStart?.(run);
    if (tensorboard) note(`to watch the run: tensorboard --logdir ${printable(join(run.folder, 'tensorboard'))}`);
  };
  const watched = { observer: { ...observer, onStart }, supervision: supervised, signal };
  return tensorboard === undefined ? watched : { ...watched, tensorboard };
}

/** An option that a resumed run would ignore. */
function ignoredWithResume({
  resume,
  preset,
  set,
  tensorboard: _,
  force: __,
  ...named
}: TrainFlags): string | undefined {
  if (resume === undefined) return undefined;
  if (preset !== 'auto') return '--preset';
  if (set.length > 0) return '--set';
  const option = Object.keys(named)[0];
  return option === undefined ? undefined : `--${option.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}`;
}
