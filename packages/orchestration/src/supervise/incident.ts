/** An unexpected end of a process that trains, or of a lane's process, as plain data. */
import type { LaneObserver, LaneTask } from '@chorus/training';

/** What a lane does. */
export interface LaneActivity {
  device: string;
  /** Name of the task that it runs, and its kind; null if the lane is idle. */
  task: string | null;
  kind: LaneTask['kind'] | null;
  /** Where a training is; null for what it has not reported yet. */
  stage: Parameters<LaneObserver['onStage']>[1] | null;
  epochIndex: number | null;
  stepIndex: number | null;
}

/**
 * - `hung`: a lane, or the main thread, made no progress, so the process was killed.
 * - `crashed`: a fault of native code.
 * - `killed`: something else killed it, most likely because the system ran out of memory.
 * - `heap-overflow`: it was aborted, most likely because the JavaScript heap of its main thread was full.
 */
export type IncidentKind = 'hung' | 'crashed' | 'killed' | 'heap-overflow';

export interface Incident {
  /** Milliseconds since the Unix epoch. */
  atMs: number;
  kind: IncidentKind;
  /** Which process: the one that trains, or that of an isolated lane. */
  process: 'training' | 'lane';
  /** How the process ended, such as `SIGSEGV`; for a hung one, what made no progress. */
  ending: string;
  /** What its lanes did, as far as it had reported. */
  lanes: (LaneActivity & { secondsSinceProgress: number })[];
  /** Names of the tasks of a member that may have caused it; empty if none was running. */
  suspects: string[];
  /** The folder of the run; null while none exists. */
  folder: string | null;
}

/** What an incident says about its cause. */
export type Suspicion = Pick<Incident, 'kind' | 'process' | 'ending' | 'lanes' | 'suspects'>;

/** How often a process is restarted for the same task, and how often for none in particular. */
export const mostRestarts = 2;

/** Number of incidents of which a task is a suspect. */
export function incidentCount(incidents: readonly Pick<Incident, 'suspects'>[], task: string): number {
  return incidents.filter(({ suspects }) => suspects.includes(task)).length;
}

/**
 * How many incidents of the same run are like the last one: of its suspects, the most that one has; without suspects, those that have none.
 * Of several seeds, each has a run of its own.
 */
export function repetitionCount(incidents: readonly Pick<Incident, 'suspects' | 'folder'>[]): number {
  const { suspects, folder } = incidents.at(-1)!;
  const own = incidents.filter((one) => one.folder === folder);
  if (suspects.length === 0) return own.filter((one) => one.suspects.length === 0).length;
  return Math.max(...suspects.map((task) => incidentCount(own, task)));
}

/**
 * Whether a process is restarted after the last of its incidents. A task that has used up its restarts fails without running again; if it
 * is a suspect once more, failing it was of no use.
 */
export function mayRestart(incidents: readonly Pick<Incident, 'suspects' | 'folder'>[]): boolean {
  const isSuspected = incidents.at(-1)!.suspects.length > 0;
  return repetitionCount(incidents) <= (isSuspected ? mostRestarts + 1 : mostRestarts);
}

/** Which tasks of lanes may have caused an incident: those that belong to a member, which can fail without the others. */
export function suspectsAmong(lanes: readonly LaneActivity[]): string[] {
  const tasks = lanes.flatMap(({ task, kind }) =>
    task !== null && (kind === 'train' || kind === 'features') ? [task] : [],
  );
  return [...new Set(tasks)];
}

/** The suspects that were trained, not only computed their features. */
export function suspectedTrainings({ lanes, suspects }: Pick<Suspicion, 'lanes' | 'suspects'>): string[] {
  return suspects.filter((task) => lanes.some((lane) => lane.task === task && lane.kind === 'train'));
}

/** An incident in a sentence without a full stop. */
export function describeIncident({ kind, process, ending, lanes, suspects }: Suspicion): string {
  const tasks = lanes.flatMap(({ task, device }) =>
    task !== null && suspects.includes(task) ? [`${task} on ${device}`] : [],
  );
  const meanwhile = tasks.length === 0 ? '' : ` during ${tasks.join(' and ')}`;
  return `the ${process} process ${texts[kind](ending)}${meanwhile}`;
}

// --- internal ---

const texts: Readonly<Record<IncidentKind, (ending: string) => string>> = {
  hung: (what) => `was hung (no progress of the ${what})`,
  crashed: (signal) => `crashed in native code (${signal})`,
  killed: (signal) => `was killed (${signal}), most likely because the system ran out of memory`,
  'heap-overflow': (signal) => `was aborted (${signal}), most likely because its JavaScript heap was full`,
};
