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

/** @throws ModelError unless there is a label from 0 to classCount − 1 for each image. */
export function checkLabels(labels: ArrayLike<number>, rowCount: number, classCount: number): void {
  if (labels.length !== rowCount)
    throw new ModelError(`Expected a label for each of ${rowCount} images, received ${labels.length}.`);
  const wrong = Array.from(labels).findIndex((label) => !Number.isInteger(label) || label < 0 || label >= classCount);
  if (wrong !== -1)
    throw new ModelError(`Expected labels from 0 to ${classCount - 1}, received ${labels[wrong]} at index ${wrong}.`);
}

/**
 * The mean of the outputs of a member's models.
 *
 * @param outputs at least one, all of the same length; a single one is returned as it is.
 */
export function meanOfModels(outputs: readonly Float32Array[]): Float32Array {
  const [first, ...others] = outputs;
  if (others.length === 0) return first!;
  return first!.map((_, index) => outputs.reduce((sum, one) => sum + one[index]!, 0) / outputs.length);
}
