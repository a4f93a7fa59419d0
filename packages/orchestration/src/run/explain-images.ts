/** Runs Grad-CAM on the lanes: where members and their ensemble find evidence for a class of an image. */
import type { PixelStoreHandle } from '@chorus/data';
import {
  type Calibration,
  ensembleDerivatives,
  type GridMap,
  type MemberManifest,
  meanOfModels,
  memberCost,
  type StackerJson,
  sumOfMaps,
  toHeatMap,
  variantOf,
} from '@chorus/models';
import type { Lane } from '../lanes/lane.ts';
import { runOnLanes } from '../lanes/schedule.ts';
import type { MemberPredictions, PredictingMember } from './predict-members.ts';

/** The heat maps of an image: values from 0 to 1, all of them 0 where a model finds no evidence. */
export interface HeatMaps {
  ensemble: GridMap;
  members: { name: string; map: GridMap }[];
}

/** Which class of which image to explain; an image may occur several times. */
export interface ExplainedImages {
  /** Stores by the images' side in pixels. */
  pixels: ReadonlyMap<number, PixelStoreHandle>;
  /** Uint8 per image of the store, set when a lane reads it. */
  reads: SharedArrayBuffer;
  indices: Uint32Array;
  /** The class to explain, for each of the indices. */
  labels: readonly number[];
  /** Of the members of the ensemble for the indices. */
  predictions: MemberPredictions;
}

/**
 * Explains classes of images by Grad-CAM. The score of a member is its logit of the class, the mean over its models; that of the
 * ensemble is the log-odds of its probability. The models see the whole image, and no other views of it.
 *
 * @param ensemble the stacker and the members in the order of its fit; `calibration`: null for none.
 * @param images at least one.
 * @param others members outside the ensemble, such as a student.
 * @returns per image, the maps of the ensemble, of its members and then of the others.
 * @throws the first task's error.
 */
export async function explainImages(
  lanes: readonly Lane[],
  ensemble: { members: readonly PredictingMember[]; stacker: StackerJson; calibration: Calibration | null },
  images: ExplainedImages,
  others: readonly PredictingMember[] = [],
): Promise<HeatMaps[]> {
  const { pixels, reads, indices, labels, predictions } = images;
  const { logits, features } = ensembleDerivatives(ensemble, predictions, labels);
  const members = [
    ...ensemble.members.map((member, index) => ({
      ...member,
      ofEnsemble: { logits: logits[index]!, features: features.get(index) },
    })),
    ...others.map((member) => ({ ...member, ofEnsemble: undefined })),
  ];
  const work = members.flatMap(({ name, models, ofEnsemble }, memberIndex) =>
    models.map(({ manifest, weights }) => ({
      memberIndex,
      task: {
        ...({ kind: 'explain', name, manifest, weights, indices, reads } as const),
        pixels: pixels.get(manifest.backbone.inputSize)!,
        scoreCount: ofEnsemble === undefined ? 1 : 2,
        derivatives: scoreDerivatives(manifest, labels, ofEnsemble),
      },
    })),
  );
  const results = await runOnLanes(
    lanes,
    work.map((one) => ({ task: one, cost: memberCost(one.task.manifest.backbone) })),
    async (lane, { task, memberIndex }) => ({ ...(await lane.run(task)), memberIndex, scoreCount: task.scoreCount }),
  );
  const maps = results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
  /** The mean of a member's models; undefined for a score that it does not have. */
  const mapOf = (memberIndex: number, row: number, score: number): GridMap | undefined => {
    const own = maps.filter((one) => one.memberIndex === memberIndex);
    const { height, width, scoreCount } = own[0]!;
    if (score >= scoreCount) return undefined;
    const start = (row * scoreCount + score) * height * width;
    return {
      height,
      width,
      values: meanOfModels(own.map(({ values }) => values.subarray(start, start + height * width))),
    };
  };
  return labels.map((_, row) => ({
    ensemble: toHeatMap(sumOfMaps(members.flatMap((_member, index) => mapOf(index, row, ensembleScore) ?? []))),
    members: members.map(({ name }, index) => ({ name, map: toHeatMap(mapOf(index, row, ownScore)!) })),
  }));
}

// --- internal ---

/** The scores of a task. Those outside the ensemble have only the first one. */
const [ownScore, ensembleScore] = [0, 1];

/**
 * The derivatives of the scores with respect to a member's outputs [images × scores × (outputs + features)].
 *
 * @param ofEnsemble those of the ensemble's score, if it reads the member: [images, outputs] and, if it reads them,
 * [images, features].
 */
function scoreDerivatives(
  { outputCount, backbone }: MemberManifest,
  labels: readonly number[],
  ofEnsemble: { logits: Float32Array; features: Float32Array | undefined } | undefined,
): Float32Array {
  const { featureWidth } = variantOf(backbone);
  const width = outputCount + featureWidth;
  const scoreCount = ofEnsemble === undefined ? 1 : 2;
  const all = new Float32Array(labels.length * scoreCount * width);
  for (const [row, label] of labels.entries()) {
    const own = row * scoreCount * width;
    // Two classes have one logit, the second's; the first's is its negative.
    if (outputCount === 1) all[own] = label === 1 ? 1 : -1;
    else all[own + label] = 1;
    if (ofEnsemble === undefined) continue;
    const { logits, features } = ofEnsemble;
    all.set(logits.subarray(row * outputCount, (row + 1) * outputCount), own + width);
    if (features !== undefined)
      all.set(features.subarray(row * featureWidth, (row + 1) * featureWidth), own + width + outputCount);
  }
  return all;
}
