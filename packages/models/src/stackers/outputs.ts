import { ModelError } from '../errors.ts';

/** Predictions for N images: per member, always in the same order, logits [N, outputs]. */
export type MemberOutputs = readonly Float32Array[];

/** Pooled features by the index of their member: [N, its number of features]. */
export type MemberFeatures = ReadonlyMap<number, Float32Array>;

/** Logits per image and member: 1 for two classes (the second's), else one per class. */
export function outputsPerImage(classCount: number): number {
  return classCount === 2 ? 1 : classCount;
}

/**
 * Counts the images that the members' outputs are for.
 *
 * @throws ModelError naming the member whose outputs have a different length or are not finite.
 */
export function countRows(logits: MemberOutputs, memberCount: number, classCount: number): number {
  if (logits.length !== memberCount || memberCount === 0)
    throw new ModelError(
      `Expected the outputs of ${memberCount || 'some'} members, received those of ${logits.length}.`,
    );
  const rowCount = logits[0]!.length / outputsPerImage(classCount);
  for (const [member, one] of logits.entries()) {
    if (!Number.isInteger(rowCount) || one.length !== logits[0]!.length)
      throw new ModelError(
        `Expected ${outputsPerImage(classCount)} logits per image, as many images from each member, received ${one.length} from member ${member} and ${logits[0]!.length} from member 0.`,
      );
    checkFinite(one, ` from member ${member}`);
  }
  return rowCount;
}

/** @throws ModelError naming the first logit that is not finite. */
export function checkFinite(logits: Float32Array, source = ''): void {
  const broken = logits.findIndex((logit) => !Number.isFinite(logit));
  if (broken !== -1)
    throw new ModelError(`Expected finite logits, received ${logits[broken]}${source} at index ${broken}.`);
}
