/** Members' logits on images of a store, over the lanes; what `train` does for its test images, `evaluate` and `predict` for any. */
import type { PixelStoreHandle } from '@chorus/data';
import { ModelError, memberCost, type SavedMember } from '@chorus/models';
import { requireFinite } from '@chorus/training';
import type { Lane } from '../lanes/lane.ts';
import { runOnLanes } from '../lanes/schedule.ts';

/** What predicting needs of a member. */
export interface PredictingMember {
  name: string;
  /** One, or the models of several folds, whose logits are averaged. */
  models: readonly (SavedMember & {
    /** Of the file with the weights, for messages. */
    path?: string;
  })[];
}

/** Where models stay between calls of {@link predictMembers}. */
export interface ModelPlaces {
  /** Images in all calls together. */
  imageCount: number;
  /** The lane that runs a model, and whether it keeps it; by {@link modelKey}. */
  places: ReadonlyMap<string, { laneIndex: number; isKept: boolean }>;
}

/** What a model of a member is called where it is kept. */
export function modelKey(member: string, modelIndex: number): string {
  return `${member}/${modelIndex}`;
}

/**
 * Runs every member over the images.
 *
 * @param images `pixels` by the images' side; `reads`: Uint8 per image of the store, set as the lanes read them.
 * @param models by default each call builds the models on whichever lane is free.
 * @returns per member, in the order given: [images, outputs].
 * @throws ModelError naming the model's file when it is damaged or a logit is not finite; otherwise the first failure: a
 * finished ensemble has no use for some of its members.
 */
export async function predictMembers(
  lanes: readonly Lane[],
  members: readonly PredictingMember[],
  images: {
    pixels: ReadonlyMap<number, PixelStoreHandle>;
    indices: Uint32Array;
    reads: SharedArrayBuffer;
    testTimeAugmentation: boolean;
  },
  models?: ModelPlaces,
): Promise<Float32Array[]> {
  const tasks = members.flatMap((member) =>
    member.models.map((model, modelIndex) => {
      const key = modelKey(member.name, modelIndex);
      return { name: member.name, model, modelIndex, key, place: models?.places.get(key) };
    }),
  );
  const results = await runOnLanes(
    lanes,
    tasks.map((task) => ({
      task,
      cost: memberCost(task.model.manifest.backbone),
      pinnedTo: task.place?.laneIndex,
    })),
    (lane, { name, model, key, place }) =>
      lane
        .run({
          kind: 'predict',
          name,
          manifest: model.manifest,
          weights: model.weights,
          ...images,
          pixels: images.pixels.get(model.manifest.backbone.inputSize)!,
          imageCount: models?.imageCount,
          keepAs: place?.isKept ? key : undefined,
        })
        .catch((error: unknown) => {
          if (!(error instanceof ModelError)) throw error;
          throw new ModelError(`${model.path ?? name}: ${error.message}`, { cause: error });
        }),
  );
  const logits = results.map((result, index) => {
    if (result.status === 'rejected') throw result.reason;
    const { name, modelIndex } = tasks[index]!;
    requireFinite(result.value, images.indices, modelFile(name, modelIndex));
    return result.value;
  });
  return members.map(({ name }) => meanOf(logits.filter((_, index) => tasks[index]!.name === name)));
}

/** A copy of a model's weights in memory that all lanes share: a task on it copies nothing. */
export function withSharedWeights<Model extends SavedMember>(model: Model): Model {
  const shared = new Uint8Array(new SharedArrayBuffer(model.weights.length));
  shared.set(model.weights);
  return { ...model, weights: shared };
}

/** Path of a member's model in a bundle. */
export function modelFile(member: string, modelIndex: number): string {
  // A folder for each member: beside a file of its name, another member's folder could be that file.
  return `members/${member}/${modelIndex + 1}.bin`;
}

// --- internal ---

function meanOf(logits: readonly Float32Array[]): Float32Array {
  const [first, ...others] = logits as [Float32Array, ...Float32Array[]];
  if (others.length === 0) return first;
  return first.map((_, index) => logits.reduce((sum, one) => sum + one[index]!, 0) / logits.length);
}
