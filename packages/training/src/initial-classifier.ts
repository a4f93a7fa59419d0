import { basename } from 'node:path';
import { type Classifier, createClassifier, loadBackboneWeights } from '@chorus/models';
import type { MemberTask } from './protocol.ts';
import { readKnownWeightFile } from './weight-file.ts';

/**
 * Builds a member's classifier with its initial weights; the caller disposes.
 *
 * @throws ModelError or StorageError for invalid initial weights.
 */
export async function initialClassifier({ member, classes, seed }: MemberTask): Promise<Classifier> {
  const { backbone, dropout, preprocessing, initializes, weights } = member;
  const classifier = createClassifier({ backbone, classes, dropout, seed, initializes, preprocessing });
  if (weights.kind === 'random') return classifier;
  try {
    await loadBackboneWeights(classifier, { name: basename(weights.path), bytes: await readKnownWeightFile(weights) });
    return classifier;
  } catch (error) {
    // The lane continues with another member.
    classifier.dispose();
    throw error;
  }
}
