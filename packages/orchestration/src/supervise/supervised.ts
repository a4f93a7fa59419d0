/** The side of a process that trains of its supervision. */
import { heapShare } from './heap-share.ts';
import { defaultWatchdogSeconds, type FromSupervised, type Heartbeat } from './heartbeat.ts';
import type { Incident } from './incident.ts';
import { incidentsVariable } from './supervise.ts';

/** What a run needs of its supervision. */
export interface Supervision {
  /** Why earlier processes of the run ended, the oldest first. */
  incidents: readonly Incident[];
  /**
   * Reports from now on what the lanes do.
   *
   * @param lanes called about once a second.
   */
  watch(watchdogSeconds: number, lanes: () => Heartbeat['lanes']): void;
  /** Reports at once what the lanes do, because a task starts or has ended. */
  beat(): void;
}

export interface Supervised extends Supervision {
  /** Sends how the run can be resumed, before its folder is created. Incidents before the first run belong to it. */
  announce(run: { folder: string; resume: string[] }): void;
}

const beatIntervalMs = 1000;

/** Reports to the process that has started this one with `supervise`, until the channel closes. Without a channel, it does nothing. */
export function reportToSupervisor(): Supervised {
  const incidents = JSON.parse(process.env[incidentsVariable] ?? '[]') as Incident[];
  // Not for the processes that this one starts.
  delete process.env[incidentsVariable];
  let watchdogSeconds = defaultWatchdogSeconds;
  let lanes: () => Heartbeat['lanes'] = () => [];
  const send = (message: FromSupervised) => {
    // The other process may just have ended.
    if (process.connected) process.send!(message, () => {});
  };
  const beat = () => {
    send({ kind: 'heartbeat', watchdogSeconds, heapShare: heapShare(), lanes: lanes() });
  };
  beat();
  setInterval(beat, beatIntervalMs).unref();
  return {
    incidents,
    watch(seconds, activities) {
      watchdogSeconds = seconds;
      lanes = activities;
      beat();
    },
    beat,
    announce(run) {
      for (const incident of incidents) incident.folder ??= run.folder;
      send({ kind: 'run', ...run });
    },
  };
}
