/** A line about the student below the leaderboard. */
import type { Report } from '@chorus/orchestration';
import { megabytes } from './megabytes.ts';
import { printable } from './printable.ts';

type Student = NonNullable<Report['student']>;

/** What the student costs and how it compares to the ensemble; no line without a student. */
export function studentLine(student: Report['student']): string[] {
  if (student === undefined) return [];
  const { cost, comparison } = student;
  if (comparison === null || cost === null)
    return [`failed: student: ${printable(student.reason ?? 'no reason given')}`];
  return [`student (${student.backbone}, ${student.inputSize} px): ${sizes(cost)}; ${differenceOf(comparison)}`];
}

// --- internal ---

/** Such as "9 MB instead of 97 MB, 12.1 ms instead of 85.0 ms per image". */
function sizes({ student, ensemble }: NonNullable<Student['cost']>): string {
  const [own, all] = [student.millisecondsPerImage, ensemble.millisecondsPerImage];
  const time = own === null || all === null ? '' : `, ${own.toFixed(1)} ms per image instead of ${all.toFixed(1)} ms`;
  return `${megabytes(student.bytes)} instead of ${megabytes(ensemble.bytes)}${time}`;
}

function differenceOf({ onlyStudent, onlyEnsemble, p }: NonNullable<Student['comparison']>): string {
  const difference = onlyStudent - onlyEnsemble;
  if (difference === 0) return 'as many test images correct as the ensemble';
  const images = Math.abs(difference) === 1 ? 'image' : 'images';
  const significance = p < 0.05 ? 'significant' : 'not significant';
  return `${Math.abs(difference)} ${difference > 0 ? 'more' : 'fewer'} test ${images} correct than the ensemble (${significance}, exact McNemar p = ${p.toPrecision(2)})`;
}
