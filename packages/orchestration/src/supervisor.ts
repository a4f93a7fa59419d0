/** What the parent process of a training needs; a separate module, so that it loads nothing else. */

export type { FromSupervised } from './supervise/heartbeat.ts';
export {
  describeIncident,
  type Incident,
  type IncidentKind,
  incidentCount,
  type LaneActivity,
  mostRestarts,
  repetitionCount,
} from './supervise/incident.ts';
export { killAtLast, type LastResort, stopGraceMs } from './supervise/last-resort.ts';
export { type StopSignal, signalExitCode, stopSignals } from './supervise/stop-signals.ts';
export { endOf, incidentsVariable, type SuperviseOptions, supervise } from './supervise/supervise.ts';
export { reportToSupervisor, type Supervised } from './supervise/supervised.ts';
