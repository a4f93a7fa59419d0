/** Kills runs over and over, resumes them, and compares what they give with an undisturbed run. */
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { randomFor } from '@chorus/data';
import { type Variant, writeExperiment } from './experiment.ts';
import { drawKill, type Kill, titleOf } from './kill.ts';
import { canTraceCalls, trainUntil } from './killed-command.ts';
import { differences, type Outcome, readOutcome } from './outcome.ts';

export interface TortureResult {
  killCount: number;
  /** Runs that finished, each after some kills. */
  runCount: number;
  /** A line for each run that could not be resumed, or whose outcome differs from the undisturbed run's. */
  failures: string[];
}

export interface TortureOptions {
  variant: Variant;
  /** The run that is going on when so many kills are done still finishes. */
  killCount: number;
  seed: number;
  /** Kills only at random moments, although system calls can be traced. */
  tracesCalls?: boolean | undefined;
  onKill?: (line: string) => void;
}

/**
 * Kills runs of an experiment until the wanted number of kills is reached; runs are resumed until they finish.
 *
 * @param folder a new folder; it keeps the runs that failed.
 */
export async function killAndResume(folder: string, options: TortureOptions): Promise<TortureResult> {
  const { variant, killCount, seed, onKill = () => {}, tracesCalls: canTrace = canTraceCalls() } = options;
  await mkdir(folder, { recursive: true });
  const experiment = await writeExperiment(folder, variant);
  const { outcome: expected, lastingMs } = await undisturbed(experiment, join(folder, 'undisturbed'));
  const random = randomFor(seed, 'kills');
  const uniform = () => (random.next() >>> 0) / 2 ** 32;
  const result: TortureResult = { killCount: 0, runCount: 0, failures: [] };
  while (result.killCount < killCount) {
    const run = join(folder, `run-${result.runCount + 1}`);
    const kills: string[] = [];
    const failure = await finish(
      experiment,
      run,
      expected,
      () => {
        if (result.killCount === killCount) return undefined;
        return drawKill(uniform, { lastingMs, canTrace, isIsolated: variant === 'isolated' });
      },
      (kill) => {
        result.killCount += 1;
        kills.push(titleOf(kill));
        onKill(`${result.killCount} of ${killCount}: ${titleOf(kill)}`);
      },
    );
    result.runCount += 1;
    if (failure === undefined) await rm(run, { recursive: true });
    else result.failures.push(`${run}, killed ${kills.join(', ')}: ${failure}`);
  }
  return result;
}

// --- internal ---

async function undisturbed(experiment: string, run: string): Promise<{ outcome: Outcome; lastingMs: number }> {
  const startedAtMs = Date.now();
  const { exitCode, output } = await trainUntil(['--config', experiment, '--out', run], undefined);
  if (exitCode !== 0)
    throw new Error(`Expected an undisturbed run to finish, received exit code ${exitCode}:\n${output}`);
  return { outcome: await readOutcome(run), lastingMs: Date.now() - startedAtMs };
}

/** Starts and resumes a run until it finishes. Returns what is wrong with it; undefined if nothing is. */
async function finish(
  experiment: string,
  run: string,
  expected: Outcome,
  nextKill: () => Kill | undefined,
  onKilled: (kill: Kill) => void,
): Promise<string | undefined> {
  for (;;) {
    const isStarted = existsSync(join(run, 'experiment.json'));
    const words = isStarted ? ['--resume', run] : ['--config', experiment, '--out', run];
    const kill = nextKill();
    const { wasKilled, exitCode, output } = await trainUntil(words, kill);
    if (wasKilled && kill !== undefined) onKilled(kill);
    else if (exitCode !== 0) return `exit code ${exitCode}:\n${output}`;
    // A signal that came after the last image was tested does not keep a run from finishing.
    if (exitCode !== 0) continue;
    const different = differences(expected, await readOutcome(run));
    return different.length === 0 ? undefined : `differs from the undisturbed run in ${different.join(', ')}`;
  }
}
