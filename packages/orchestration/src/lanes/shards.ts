/** Cuts forward passes over many images into shards, which any lane computes. */
import { type BackboneSpec, memberCost } from '@chorus/models';
import { forwardBatchSize, type ImageRange } from '@chorus/training';

export interface Shard {
  range: ImageRange;
  /** In units of {@link memberCost}. */
  cost: number;
}

/**
 * Cuts the images 0 … `imageCount` into shards of a few seconds each. Every shard but the last consists of whole batches, so
 * that the batches do not depend on the cut.
 *
 * @param options `shardCost`: approximate cost of a shard; `copies`: further rows of each image, in batches of their own.
 */
export function shardsOf(
  imageCount: number,
  backbone: BackboneSpec,
  viewsPerImage: number,
  { shardCost = usualShardCost, copies = 0 }: { shardCost?: number | undefined; copies?: number } = {},
): Shard[] {
  const costPerImage = memberCost(backbone) * (viewsPerImage + copies);
  // The fewest images whose views fill whole batches.
  const imagesPerStep = forwardBatchSize / commonDivisor(forwardBatchSize, viewsPerImage);
  const imagesPerShard = imagesPerStep * Math.max(1, Math.round(shardCost / (costPerImage * imagesPerStep)));
  return Array.from({ length: Math.ceil(imageCount / imagesPerShard) }, (_, index) => {
    const start = index * imagesPerShard;
    const end = Math.min(imageCount, start + imagesPerShard);
    return { range: { start, end }, cost: (end - start) * costPerImage };
  });
}

/** As {@link shardsOf}, with smaller shards if there would be fewer than `shardCount`; there are never more than batches. */
export function atLeastShards(
  shardCount: number,
  imageCount: number,
  backbone: BackboneSpec,
  viewsPerImage: number,
  copies = 0,
): Shard[] {
  const share = (memberCost(backbone) * (viewsPerImage + copies) * imageCount) / shardCount;
  return shardsOf(imageCount, backbone, viewsPerImage, { shardCost: Math.min(usualShardCost, share), copies });
}

// --- internal ---

/**
 * Cost of a shard: two batches of Xception at 299 px, or 20 of MobileNet at 224 px. They take 3 to 7 s on one of two lanes of
 * a two-core AMD EPYC with AVX-512.
 */
const usualShardCost = 3.4e7;

function commonDivisor(one: number, other: number): number {
  return other === 0 ? one : commonDivisor(other, one % other);
}
