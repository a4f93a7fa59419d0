import type { ExperimentInput } from '@chorus/orchestration';

/** A whole run of `chorus train`; one step is a run. */
export interface ExperimentTask {
  experiment: Partial<ExperimentInput>;
}
