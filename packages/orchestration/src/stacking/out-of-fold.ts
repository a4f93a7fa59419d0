/** The members' answers on images that they have not learnt from, gathered from all parts of the split. */
import type { SplitPart } from '@chorus/data';

export interface OutOfFoldPredictions {
  /** The images that some part held out, each once, ascending. */
  indices: Uint32Array;
  /** [indices, outputs] */
  logits: Float32Array;
}

/**
 * Puts a member's answers into the order of the images, whatever parts they came from.
 *
 * @param parts those that hold images out, in any order, with the member's logits [outOfFold, outputs] of each.
 * @throws Error when an image was held out twice, or a part's logits are not of its images or not finite.
 */
export function gatherOutOfFold(
  parts: readonly { part: Pick<SplitPart, 'name' | 'outOfFold'>; logits: Float32Array }[],
  outputCount: number,
): OutOfFoldPredictions {
  // The row of each image in the answers of all parts, one part after the other.
  const rowOf = new Map<number, number>();
  const answers = new Float32Array(parts.reduce((sum, { logits }) => sum + logits.length, 0));
  for (const { part, logits } of parts) {
    if (logits.length !== part.outOfFold.length * outputCount)
      throw new Error(
        `expected ${part.outOfFold.length} × ${outputCount} logits of ${part.name}, received ${logits.length}`,
      );
    if (!logits.every(Number.isFinite)) throw new Error(`expected finite logits of ${part.name}`);
    const firstRow = rowOf.size;
    answers.set(logits, firstRow * outputCount);
    for (const [row, index] of part.outOfFold.entries()) {
      if (rowOf.has(index)) throw new Error(`image ${index} was held out twice, the second time by ${part.name}`);
      rowOf.set(index, firstRow + row);
    }
  }
  const indices = Uint32Array.from(rowOf.keys()).sort();
  const logits = new Float32Array(indices.length * outputCount);
  for (const [row, index] of indices.entries()) {
    const from = rowOf.get(index)! * outputCount;
    for (let output = 0; output < outputCount; output += 1)
      logits[row * outputCount + output] = answers[from + output]!;
  }
  return { indices, logits };
}
