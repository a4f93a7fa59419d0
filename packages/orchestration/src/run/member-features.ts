/** The features that the trainings of a member share. */
import { trainingImages } from '@chorus/data';
import { batchCountOf, type ImageRange, type SharedFeatures } from '@chorus/training';
import { isUserMistake, messageOf } from '../exit-codes.ts';
import type { Lane, LaneWork } from '../lanes/lane.ts';
import { shardsOf } from '../lanes/shards.ts';
import { featureBytes } from '../plan/feature-bytes.ts';
import { featureKey } from './feature-cache.ts';
import { type FeaturesRecord, type MemberRecord, type MemberRun, memberParts, stacksFeatures } from './member-run.ts';

/** A shard of the features that a member's trainings share. */
export interface FeaturesWork {
  kind: 'features';
  record: MemberRecord;
  name: string;
  cost: number;
  features: FeaturesRecord;
  seed: number;
  range: ImageRange;
}

/** Allocates the features of a member that has missing trainings or whose features are stacked, and reads them if an earlier run has kept them. */
export async function shareFeatures(run: MemberRun, record: MemberRecord): Promise<void> {
  const { dataset, lanes, observer, featureCache } = run;
  const { plan, featuresTask } = record.planned;
  const isComplete = record.trainings.every((training) => training !== undefined);
  if (isComplete && !stacksFeatures(run, record)) return;
  if (plan.features === null || featuresTask === null) return;
  const prepared = run.features?.get(plan.name);
  if (prepared !== undefined) {
    const doneImages = prepared.indices.length;
    record.features = { shared: prepared, key: undefined, devices: new Set(), doneImages, seconds: 0 };
    return;
  }
  const { rowsPerImage, crops, cachedCopies: planned } = plan.features;
  const cachedCopies = planned && { ...planned, seed: featuresTask.seed };
  const indices = trainingImages(dataset.split);
  const byteLength = featureBytes(plan.backbone, indices.length, rowsPerImage + (planned?.count ?? 0));
  const { sha256, decoding } = dataset;
  const decodedSizes = [...dataset.pixels.keys()];
  const features = { indices, rowsPerImage, crops, cachedCopies };
  const key = featureKey({ member: plan, features, sha256, decoding, decodedSizes, lanes });
  const kept = key === undefined ? undefined : await featureCache?.read(key, byteLength);
  record.features = {
    shared: { ...features, rows: kept ?? new SharedArrayBuffer(byteLength) },
    key,
    devices: new Set(),
    doneImages: kept === undefined ? 0 : indices.length,
    seconds: 0,
  };
  if (kept !== undefined) observer.onMember(featuresTask.name, { state: 'cached' });
}

/** Computes a shard of the features; together, the shards are reported as one task. */
export async function computeFeatures(run: MemberRun, lane: Lane, work: FeaturesWork): Promise<void> {
  const { observer, featureCache } = run;
  const { record, name, seed, features, range } = work;
  const { shared, devices, key } = features;
  const startedAtMs = Date.now();
  if (!devices.has(lane.device)) {
    devices.add(lane.device);
    observer.onMember(name, { state: 'running', device: [...devices].join(' and ') });
  }
  await lane.run({ kind: 'features', name, ...memberParts(run, record.planned.plan), seed, features: shared, range });
  features.doneImages += range.end - range.start;
  features.seconds += (Date.now() - startedAtMs) / 1000;
  // Another shard has failed, and the task with it.
  if (record.failure !== undefined) return;
  const { indices, rowsPerImage } = shared;
  observer.onBatch(name, {
    ...{ stage: 'features', epochIndex: 0 },
    stepIndex: batchCountOf(features.doneImages, rowsPerImage) - 1,
    stepCount: batchCountOf(indices.length, rowsPerImage),
  });
  if (features.doneImages < indices.length) return;
  observer.onMember(name, { state: 'done', device: [...devices].join(' and '), seconds: features.seconds });
  if (key !== undefined)
    // The lane does not wait for the disk, and a full one must not end the run.
    features.kept = featureCache
      ?.write(key, shared.rows)
      .catch((error: unknown) => observer.onWarning(name, `Its features are not kept: ${messageOf(error)}`));
}

/**
 * Times forward passes on all lanes at once, whose rows are not used.
 *
 * @returns lane-seconds of a forward pass; undefined after a mistake of the user, for which training fails, too, and after a stop request.
 */
export async function timeForwardPasses(
  run: MemberRun,
  { planned }: MemberRecord,
  { indices, rowsPerImage, crops, rows }: SharedFeatures,
): Promise<number | undefined> {
  const { lanes, stop } = run;
  const features = { indices, rowsPerImage, crops, rows: new SharedArrayBuffer(rows.byteLength) };
  const { plan } = planned;
  const { range } = shardsOf(indices.length, plan.backbone, rowsPerImage, { shardCost: timedCost })[0]!;
  const task = { kind: 'features' as const, ...planned.featuresTask!, ...memberParts(run, plan), features };
  try {
    // The first image builds the model.
    for (const end of [1, range.end])
      await Promise.all(lanes.map((lane) => lane.run({ ...task, range: { start: 0, end } })));
  } catch (error) {
    if (stop.raised || isUserMistake(error)) return undefined;
    throw error;
  }
  return busySeconds(lanes.map((lane) => lane.work.at(-1)!)) / (lanes.length * range.end * rowsPerImage);
}

export function busySeconds(work: readonly LaneWork[]): number {
  return work.reduce((sum, { startedAtMs, finishedAtMs }) => sum + finishedAtMs - startedAtMs, 0) / 1000;
}

// --- internal ---

/** Cost of the forward passes that are timed on each lane: a batch of Xception at 299 px, or about a second. */
const timedCost = 1e7;
