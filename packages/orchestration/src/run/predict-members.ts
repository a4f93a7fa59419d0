/** Runs members over images on the lanes: the test images of `train`, any images of `evaluate` and `predict`. */
import type { PixelStoreHandle } from '@chorus/data';
import {
  type MemberFeatures,
  ModelError,
  meanOfModels,
  type SavedMember,
  type TestTimeAugmentation,
  variantOf,
  viewsOf,
} from '@chorus/models';
import { requireFinite } from '@chorus/training';
import type { Lane } from '../lanes/lane.ts';
import { runOnLanes } from '../lanes/schedule.ts';
import { shardsOf } from '../lanes/shards.ts';

/** The models of a member, for prediction. */
export interface PredictingMember {
  name: string;
  /** One model, or one per fold, whose logits are averaged. */
  models: readonly (SavedMember & {
    /** Path of the weights, for messages and for hard links in a bundle. */
    path?: string;
  })[];
}

/** What the members return for some images. */
export interface MemberPredictions {
  /** Per member [images, outputs]. */
  logits: Float32Array[];
  features: MemberFeatures;
}

/** Where a model runs, and whether lanes keep it between calls of {@link predictMembers}. */
export interface ModelPlace {
  /** The only lane that runs it; undefined for any lane. */
  laneIndex: number | undefined;
  isKept: boolean;
}

export interface ModelPlaces {
  /** Total number of images in all calls. */
  imageCount: number;
  /** By {@link modelKey}. */
  places: ReadonlyMap<string, ModelPlace>;
}

/** The key under which a lane keeps a model. */
export function modelKey(member: string, modelIndex: number): string {
  return `${member}/${modelIndex}`;
}

/**
 * Runs every member over the images.
 *
 * @param images `pixels`: stores by the images' side; `reads`: Uint8 per image of the store, set when a lane reads it;
 * `featureMembers`: the indices of the members whose pooled features are returned too.
 * @param models by default, any lane runs any model, and keeps none.
 * @returns in the order of the members.
 * @throws ModelError naming the model's file when it is damaged or a logit is not finite; otherwise the first task's error,
 * since an ensemble needs all of its members.
 */
export async function predictMembers(
  lanes: readonly Lane[],
  members: readonly PredictingMember[],
  images: {
    pixels: ReadonlyMap<number, PixelStoreHandle>;
    indices: Uint32Array;
    reads: SharedArrayBuffer;
    testTimeAugmentation: TestTimeAugmentation;
    featureMembers: readonly number[];
  },
  models?: ModelPlaces,
): Promise<MemberPredictions> {
  const { featureMembers, ...read } = images;
  const { indices } = read;
  const viewCount = viewsOf(read.testTimeAugmentation).length;
  const all = members.flatMap((member, memberIndex) =>
    member.models.map((model, modelIndex) => {
      const { backbone, outputCount } = model.manifest;
      // The models of a member with a frozen backbone have the same features.
      const withFeatures = modelIndex === 0 && featureMembers.includes(memberIndex);
      const width = outputCount + (withFeatures ? variantOf(backbone).featureWidth : 0);
      return {
        ...{ name: member.name, memberIndex, withFeatures, width },
        model,
        modelIndex,
        key: modelKey(member.name, modelIndex),
        // Lanes that keep their models lose less time with small shards, and balance better.
        shards: shardsOf(indices.length, backbone, viewCount, { shardCost: models && 1e7 }),
        rows: new Float32Array(indices.length * width),
      };
    }),
  );
  const work = all.flatMap((one) => one.shards.map((shard) => ({ ...one, shard })));
  const results = await runOnLanes(
    lanes,
    work.map((one) => ({
      task: one,
      cost: one.shard.cost,
      group: one.key,
      pinnedTo: models?.places.get(one.key)?.laneIndex,
    })),
    async (lane, { name, model, key, shard: { range }, ...one }) => {
      const { manifest, weights, path = name } = model;
      try {
        const rows = await lane.run({
          ...read,
          kind: 'predict',
          ...{ name, manifest, weights, withFeatures: one.withFeatures },
          pixels: read.pixels.get(manifest.backbone.inputSize)!,
          indices: indices.subarray(range.start, range.end),
          imageCount: models?.imageCount ?? indices.length,
          model: key,
          keepsModel: models?.places.get(key)?.isKept ?? false,
        });
        one.rows.set(rows, range.start * one.width);
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        throw new ModelError(`${path}: ${error.message}`, { cause: error });
      }
    },
  );
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  for (const { name, modelIndex, rows } of all) requireFinite(rows, indices, modelFile(name, modelIndex));
  const columns = all.map((one) => ({ ...one, ...splitColumns(one) }));
  return {
    logits: members.map(({ name }) =>
      meanOfModels(columns.filter((one) => one.name === name).map(({ logits }) => logits)),
    ),
    features: new Map(
      columns.filter(({ withFeatures }) => withFeatures).map(({ memberIndex, features }) => [memberIndex, features]),
    ),
  };
}

/** Copies a model's weights to shared memory, so that passing them to lanes copies nothing. */
export function withSharedWeights<Model extends SavedMember>(model: Model): Model {
  const shared = new Uint8Array(new SharedArrayBuffer(model.weights.length));
  shared.set(model.weights);
  return { ...model, weights: shared };
}

/** Path of a member's model in a bundle. */
export function modelFile(member: string, modelIndex: number): string {
  // A folder per member: a file named after a member could collide with the folder of another member.
  return `members/${member}/${modelIndex + 1}.bin`;
}

// --- internal ---

/** Separates logits and features. */
function splitColumns({ rows, width, model }: { rows: Float32Array; width: number; model: SavedMember }): {
  logits: Float32Array;
  features: Float32Array;
} {
  const { outputCount } = model.manifest;
  if (width === outputCount) return { logits: rows, features: new Float32Array() };
  const rowCount = rows.length / width;
  const logits = new Float32Array(rowCount * outputCount);
  const features = new Float32Array(rows.length - logits.length);
  for (let row = 0; row < rowCount; row += 1) {
    const [start, end] = [row * width, (row + 1) * width];
    logits.set(rows.subarray(start, start + outputCount), row * outputCount);
    features.set(rows.subarray(start + outputCount, end), row * (width - outputCount));
  }
  return { logits, features };
}
