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
  /** Called with a message when incidents after which no process is started cannot be recorded. */
  onNotice(notice: string): void;
}

export interface SupervisedEnd extends Ending {
  /** The last run that has a folder. */
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
export async function supervise(options: SuperviseOptions): Promise<SupervisedEnd> {
  const { start, isStopping, onIncident, onNotice } = options;
  const incidents: Incident[] = [];
  // Of several seeds, each has a run of its own.
  const runs: RunMessage[] = [];
  for (;;) {
    const child = start(incidents, runs.findLast(exists));
    const { ending, cause } = await watch(child, { isStopping, onRun: (message) => void runs.push(message) });
    const run = runs.findLast(exists);
    if (cause === undefined) return { ...ending, run };
    const firstRun = runs.find(exists)?.folder ?? null;
    for (const earlier of incidents) earlier.folder ??= firstRun;
    // If no run exists, the next process may create another folder.
    const latest = runs.at(-1);
    const folder = run === undefined ? null : latest!.folder;
    const incident = { ...cause, folder };
    incidents.push(incident);
    const isRestarted = mayRestart(incidents);
    onIncident(incident, { isRestarted, incidents });
    if (isRestarted) continue;
    // Without a folder of the latest run, there is nothing to record in.
    if (run !== undefined && run === latest) {
      // Loaded only now: the process that supervises needs little memory.
      const { recordIncidents } = await import('../run/record-incidents.ts');
      await recordIncidents(run.folder, incidents, onNotice);
    }
    return { ...ending, run };
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

function exists({ folder }: RunMessage): boolean {
  return existsSync(join(folder, 'experiment.json'));
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
    process: 'training',
    lanes: lanes.map(({ progress: _, isIsolated: __, ...lane }, index) => ({
      ...lane,
      secondsSinceProgress: watchdog.secondsSinceProgress(index, performance.now()),
    })),
    // A lane that is a process of its own has not caused it.
    suspects: suspectsAmong(hang?.lanes ?? lanes.filter(({ isIsolated }) => !isIsolated)),
  };
}
