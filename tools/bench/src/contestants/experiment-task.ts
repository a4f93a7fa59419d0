import type { ExperimentInput } from '@chorus/orchestration';

/** Runs `chorus train`; one step is a whole run. */
export interface ExperimentTask {
  experiment: Partial<ExperimentInput>;
}
