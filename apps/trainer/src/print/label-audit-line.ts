import type { Report } from '@chorus/orchestration';

/**
 * How many labels are implausible, and the file that lists them.
 *
 * @param path the file of label issues.
 * @returns no line for a run that did not audit its labels.
 */
export function labelAuditLine(audit: Report['labelAudit'], path: string): string[] {
  if (audit === null) return [];
  const { training, test } = audit;
  const sets = [...(training === null ? [] : [{ ...training, name: 'training' }]), { ...test, name: 'test' }];
  const counts = sets.map(({ implausible, examined, name }) => `${implausible} of ${examined} ${name} images`);
  const hasIssues = sets.some(({ implausible }) => implausible > 0);
  return [`implausible labels: ${counts.join(', ')}${hasIssues ? `; look at the images in ${path}` : ''}`];
}
