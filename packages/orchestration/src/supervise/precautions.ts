/** What a run does differently after incidents, so that one training that crashes does not cost the others. */
import { describeIncident, mostRestarts, type Suspicion, suspectedTrainings } from './incident.ts';

export interface Precautions {
  /** Tasks that fail without running again, and why. */
  failed: ReadonlyMap<string, string>;
  /** Tasks that run while no other task does, because it is not known which one has caused the incidents. */
  alone: ReadonlySet<string>;
  /** How many times the batches of a training are halved; other trainings have no entry. */
  halvings: ReadonlyMap<string, number>;
}

/**
 * Decides the precautions of a restarted run.
 *
 * @param incidents since the user has started or resumed the run, the oldest first.
 * @param recorded all incidents of the run.
 */
export function precautionsAfter(incidents: readonly Suspicion[], recorded: readonly Suspicion[]): Precautions {
  const tasks = new Set(incidents.flatMap(({ suspects }) => suspects));
  const failed = new Map<string, string>();
  const alone = new Set<string>();
  for (const task of tasks) {
    const own = incidents.filter(({ suspects }) => suspects.includes(task));
    if (own.length > mostRestarts) failed.set(task, reasonOf(own));
    else if (own.length === mostRestarts && own.some(({ suspects }) => suspects.length > 1)) alone.add(task);
  }
  const halvings = new Map<string, number>();
  for (const task of recorded.filter(({ kind }) => kind === 'killed').flatMap(suspectedTrainings))
    halvings.set(task, (halvings.get(task) ?? 0) + 1);
  return { failed, alone, halvings };
}

/** Why a task fails whose last incident is one too many. */
export function reasonOf(incidents: readonly Suspicion[]): string {
  return `${describeIncident(incidents.at(-1)!)}, for the ${incidents.length === 3 ? 'third' : `${incidents.length}th`} time`;
}
