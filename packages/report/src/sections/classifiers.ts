/** The classifiers of a run on its test images. */
import type { Report, Score } from '@chorus/orchestration';

export interface Classifier {
  name: string;
  kind: 'ensemble' | 'stacker' | 'member' | 'student';
  /** Why it stands out, such as `best member`. */
  note: string;
  test: Score;
}

/** Every tested classifier, the most accurate first. */
export function classifiersOf({ stackers, members, bestMember, student }: Report): Classifier[] {
  return [
    ...stackers.map(
      ({ kind, chosen, test }): Classifier =>
        chosen
          ? { name: `ensemble (${kind})`, kind: 'ensemble', note: 'chosen stacker', test }
          : { name: kind, kind: 'stacker', note: 'stacker', test },
    ),
    ...members.flatMap(({ name, test }): Classifier[] =>
      test === null ? [] : [{ name, kind: 'member', note: name === bestMember ? 'best member' : 'member', test }],
    ),
    ...(student?.test ? [{ name: student.name, kind: 'student' as const, note: 'student', test: student.test }] : []),
  ].toSorted((a, b) => b.test.accuracy - a.test.accuracy || a.test.logLoss - b.test.logLoss);
}
