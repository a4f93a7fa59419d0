/** The process that watches a process that trains, and starts it again when it hangs or crashes. */
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { classifyEnding, type Ending } from './crash.ts';
import type { FromSupervised, RunMessage } from './heartbeat.ts';
import { type Incident, mayRestart, suspectsAmong } from './incident.ts';
import { checkIntervalMs, type Hang, Watchdog } from './watchdog.ts';

export interface SuperviseOptions {
  /**
   * Starts a process, with a channel for messages.
   *
   * @param incidents why the earlier processes ended; the new one needs them, see {@link incidentsVariable}.
   * @param run the run to resume, if an earlier process has created it.
   */
  start(incidents: readonly Incident[], run: RunMessage | undefined): ChildProcess;
  /** Whether the process was asked to stop, so that its end is expected. */
  isStopping(): boolean;
  /** Called after each incident. */
  onIncident(incident: Incident, next: { isRestarted: boolean; incidents: readonly Incident[] }): void;
}

export interface SupervisedEnd extends Ending {
  /** The last known run. */
  run: RunMessage | undefined;
}

/** Environment variable in which a restarted process finds its {@link Incident}s, as JSON. */
export const incidentsVariable = 'CHORUS_INCIDENTS';

/**
 * Runs a process to its end. When it hangs or crashes, it is started again: see {@link mayRestart}.
 *
 * @returns how the last process ended.
 * @throws Error when a process cannot be started.
 */
export async function supervise({ start, isStopping, onIncident }: SuperviseOptions): Promise<SupervisedEnd> {
  const incidents: Incident[] = [];
  let run: RunMessage | undefined;
  for (;;) {
    const child = start(incidents, existing(run));
    const { ending, cause } = await watch(child, {
      isStopping,
      onRun: (message) => {
        run = message;
      },
    });
    if (cause === undefined) return { ...ending, run };
    const incident = { ...cause, folder: existing(run)?.folder ?? null };
    incidents.push(incident);
    const isRestarted = mayRestart(incidents);
    onIncident(incident, { isRestarted, incidents });
    if (!isRestarted) return { ...ending, run };
  }
}

/**
 * How a process ends, after all of its messages.
 *
 * @throws Error when it cannot be started.
 */
export function endOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode: number | null, signal: NodeJS.Signals | null) => resolve({ exitCode, signal }));
  });
}

// --- internal ---

function existing(run: RunMessage | undefined): RunMessage | undefined {
  return run !== undefined && existsSync(join(run.folder, 'experiment.json')) ? run : undefined;
}

/** Waits for the end of a process, and kills it when it hangs. */
async function watch(
  child: ChildProcess,
  { isStopping, onRun }: Pick<SuperviseOptions, 'isStopping'> & { onRun(message: RunMessage): void },
): Promise<{ ending: Ending; cause: Omit<Incident, 'folder'> | undefined }> {
  const watchdog = new Watchdog(performance.now());
  let hang: Hang | undefined;
  child.on('message', (message: FromSupervised) => {
    if (message.kind === 'heartbeat') watchdog.beat(message, performance.now());
    if (message.kind === 'run') onRun(message);
  });
  const checking = setInterval(() => {
    if (hang !== undefined || isStopping()) return;
    hang = watchdog.check(performance.now());
    if (hang !== undefined) child.kill('SIGKILL');
  }, checkIntervalMs);
  try {
    const ending = await endOf(child);
    return { ending, cause: isStopping() ? undefined : causeOf(ending, hang, watchdog) };
  } finally {
    clearInterval(checking);
  }
}

function causeOf(ending: Ending, hang: Hang | undefined, watchdog: Watchdog): Omit<Incident, 'folder'> | undefined {
  const { lanes = [], heapShare = 0 } = watchdog.lastBeat ?? {};
  const cause = hang === undefined ? classifyEnding(ending, heapShare) : { kind: 'hung' as const, ending: hang.what };
  if (cause === undefined) return undefined;
  return {
    atMs: Date.now(),
    ...cause,
    lanes: lanes.map(({ progress: _, ...lane }, index) => ({
      ...lane,
      secondsSinceProgress: watchdog.secondsSinceProgress(index, performance.now()),
    })),
    suspects: suspectsAmong(hang?.lanes ?? lanes),
  };
}
