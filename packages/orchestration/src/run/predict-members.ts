/** Runs members over images on the lanes: the test images of `train`, any images of `evaluate` and `predict`. */
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
    /** Path of the weights: for messages, and for a bundle to link to. */
    path?: string;
  })[];
}

/** Which lane keeps which model between calls of {@link predictMembers}. */
export interface ModelPlaces {
  /** Images in all calls together. */
  imageCount: number;
  /** The lane that runs a model, and whether it keeps it; by {@link modelKey}. */
  places: ReadonlyMap<string, { laneIndex: number; isKept: boolean }>;
}

/** The name under which a lane keeps a model. */
export function modelKey(member: string, modelIndex: number): string {
  return `${member}/${modelIndex}`;
}

/**
 * Runs every member over the images.
 *
 * @param images `pixels` by the images' side; `reads`: Uint8 per image of the store, set as the lanes read them.
 * @param models by default each call builds the models on any free lane.
 * @returns [images, outputs] per member, in the given order.
 * @throws ModelError naming the model's file when it is damaged or a logit is not finite; otherwise the first failure: an
 * ensemble cannot predict without one of its members.
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
  // Each member has a folder: a file named after a member could collide with another member's folder.
  return `members/${member}/${modelIndex + 1}.bin`;
}

// --- internal ---

function meanOf(logits: readonly Float32Array[]): Float32Array {
  const [first, ...others] = logits as [Float32Array, ...Float32Array[]];
  if (others.length === 0) return first;
  return first.map((_, index) => logits.reduce((sum, one) => sum + one[index]!, 0) / logits.length);
}
