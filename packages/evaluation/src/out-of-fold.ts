/** Gathers a member's out-of-fold predictions of all folds. */

/** Predictions of one training run of a member, on images that it was not trained on. */
export interface FoldPredictions {
  /** Name of the fold, for messages. */
  name: string;
  indices: Uint32Array;
  /** [indices, outputs] */
  logits: Float32Array;
}

export interface OutOfFoldPredictions {
  /** The images of all folds, ascending and distinct. */
  indices: Uint32Array;
  /** [indices, outputs] */
  logits: Float32Array;
}

/**
 * Sorts the predictions of all folds by image. The order of the folds does not matter.
 *
 * @throws Error when an image is in two folds, or a fold's logits are not finite or do not match its images.
 */
export function gatherOutOfFold(folds: readonly FoldPredictions[], outputCount: number): OutOfFoldPredictions {
  const rowOf = new Map<number, number>();
  const rows = new Float32Array(folds.reduce((sum, { logits }) => sum + logits.length, 0));
  for (const { name, indices, logits } of folds) {
    if (logits.length !== indices.length * outputCount)
      throw new Error(`expected ${indices.length} × ${outputCount} logits for ${name}, received ${logits.length}`);
    const broken = logits.findIndex((logit) => !Number.isFinite(logit));
    if (broken !== -1)
      throw new Error(
        `expected finite logits for ${name}, received ${logits[broken]} in row ${Math.floor(broken / outputCount)}`,
      );
    const firstRow = rowOf.size;
    rows.set(logits, firstRow * outputCount);
    for (const [row, index] of indices.entries()) {
      if (rowOf.has(index)) throw new Error(`image ${index} of ${name} is also in another fold`);
      rowOf.set(index, firstRow + row);
    }
  }
  const indices = Uint32Array.from(rowOf.keys()).sort();
  const logits = new Float32Array(indices.length * outputCount);
  for (const [position, index] of indices.entries()) {
    const start = rowOf.get(index)! * outputCount;
    logits.set(rows.subarray(start, start + outputCount), position * outputCount);
  }
  return { indices, logits };
}
