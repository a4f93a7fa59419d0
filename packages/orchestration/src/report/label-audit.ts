/** The label audit of a run: images whose labels are implausible, by predictions of models that were not trained on them. */
import { auditLabels, type LabelAudit } from '@chorus/evaluation';
import type { Slices } from '../run/slices.ts';
import type { LabelAuditReport } from './schema.ts';

/** Images with labels and probabilities [images, classes]. */
export interface AuditedImages {
  paths: readonly string[];
  labels: Int32Array;
  probabilities: Float32Array;
}

/** The audits of a run; `training` is null if the stackers were trained on the members' own training images. */
export interface RunAudit {
  training: LabelAudit | null;
  test: LabelAudit;
}

/**
 * Audits the labels of a run.
 *
 * @param training out-of-fold predictions of the chosen stacker; null if there are none.
 * @param test predictions of the finished ensemble, also before its calibration, which may make small probabilities equal.
 * @throws StoppedError as {@link Slices.pause}.
 */
export async function auditRun(
  training: AuditedImages | null,
  test: AuditedImages,
  classes: readonly string[],
  slices: Slices,
): Promise<RunAudit> {
  const audit = ({ probabilities, ...images }: AuditedImages) =>
    auditLabels(probabilities, images, classes, () => slices.pause());
  return { training: training === null ? null : await audit(training), test: await audit(test) };
}

/** The section of the report. */
export function reportLabelAudit({ training, test }: RunAudit): LabelAuditReport {
  const section = ({ examined, issues }: LabelAudit) => ({
    examined,
    implausible: issues.length,
    worst: issues.slice(0, worstCount),
  });
  return {
    note: 'Every accuracy in this report is measured with the labels as they are, including implausible ones.',
    training: training === null ? null : section(training),
    test: section(test),
  };
}

// --- internal ---

/** The file of label issues has all of them. */
const worstCount = 20;
