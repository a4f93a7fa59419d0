/** Members' logits on images of a store, over the lanes; what `train` does for its test images, `evaluate` and `predict` for any. */
import type { PixelStoreHandle } from '@chorus/data';
import { type MemberManifest, memberCost } from '@chorus/models';
import type { Lane } from '../lanes/lane.ts';
import { runOnLanes } from '../lanes/schedule.ts';

/** A member as far as predicting needs it. */
export interface PredictingMember {
  name: string;
  manifest: MemberManifest;
  weights: Uint8Array;
}

/**
 * Runs every member over the images.
 *
 * @param reads Uint8 per image of the store, set as the lanes read them.
 * @returns per member, in the order given: [images, outputs].
 * @throws the first failure; a finished ensemble has no use for some of its members.
 */
export async function predictMembers(
  lanes: readonly Lane[],
  members: readonly PredictingMember[],
  images: { pixels: PixelStoreHandle; indices: Uint32Array; reads: SharedArrayBuffer; mirror: boolean },
): Promise<Float32Array[]> {
  const outputs = members.map(({ manifest }) => {
    const width = manifest.outputCount;
    return new Float32Array(new SharedArrayBuffer(images.indices.length * width * Float32Array.BYTES_PER_ELEMENT));
  });
  const results = await runOnLanes(
    lanes,
    members.map((member, index) => ({ task: index, cost: memberCost(member.manifest.backbone) })),
    (lane, index) =>
      lane.run({
        kind: 'predict',
        name: members[index]!.name,
        manifest: members[index]!.manifest,
        weights: members[index]!.weights,
        ...images,
        logits: outputs[index]!.buffer as SharedArrayBuffer,
      }),
  );
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return outputs;
}
