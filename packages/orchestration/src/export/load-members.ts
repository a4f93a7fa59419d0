import { type Classifier, memberFromBytes } from '@chorus/models';
import type { Bundle } from '../bundle.ts';

/** The classifiers of a bundle's members, one per fold. */
export interface LoadedMembers {
  members: { name: string; classifiers: Classifier[] }[];
  dispose(): void;
}

/** Builds the members of a bundle on the current backend; the caller disposes. */
export function loadMembers({ members }: Pick<Bundle, 'members'>): LoadedMembers {
  const made: Classifier[] = [];
  const dispose = () => {
    for (const classifier of made) classifier.dispose();
  };
  try {
    return {
      members: members.map(({ name, models }) => ({
        name,
        classifiers: models.map(({ manifest, weights }) => {
          const classifier = memberFromBytes(manifest, weights);
          made.push(classifier);
          return classifier;
        }),
      })),
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}
