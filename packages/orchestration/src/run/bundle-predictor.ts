/** Runs a bundle's members on lanes, for one chunk of images after another. */
import { availableParallelism } from 'node:os';
import type { PixelStoreHandle } from '@chorus/data';
import { argmax } from '@chorus/evaluation';
import { calibrate, memberCost, toProbabilities } from '@chorus/models';
import { type OnSetupProgress, type RuntimeOptions, setupRuntime } from '@chorus/runtime';
import { forwardBatchSize, StopFlag } from '@chorus/training';
import type { Bundle } from '../bundle.ts';
import { parseWorkers } from '../experiment/resolve.ts';
import { type Experiment, runtimeSchema } from '../experiment/schema.ts';
import { chooseLanes } from '../lanes/choose-lanes.ts';
import { computeSettings } from '../lanes/compute-settings.ts';
import { chooseForwardEngine } from '../lanes/forward-engine.ts';
import { Lane } from '../lanes/lane.ts';
import { explainImages, type HeatMaps } from './explain-images.ts';
import { observerFrom } from './observer.ts';
import {
  type ModelPlace,
  type ModelPlaces,
  modelKey,
  type PredictingMember,
  predictMembers,
  withSharedWeights,
} from './predict-members.ts';
import { requirePredictMemory } from './predict-memory.ts';

export interface BundlePredictorOptions {
  /** Devices to run on, such as `gpu:0` or `cpu:1,cpu:2`; by default `auto`. */
  workers?: string;
  /** As in an experiment; must equal the setting of an earlier run in the same process. */
  runtime?: Partial<Experiment['runtime']>;
  /** Progress of the native runtime's setup, which runs once per user and version. */
  onSetup?: OnSetupProgress;
  /** Receives messages for the user. */
  onNotice?: (notice: string) => void;
}

/** Probabilities of consecutive images, each [images, classes]. */
export interface ImageProbabilities {
  ensemble: Float32Array;
  /** In the order of the bundle's members. */
  members: Float32Array[];
  /** Per image, evidence for the class that the ensemble predicts; omitted unless asked for. */
  maps?: HeatMaps[];
}

export interface BundlePredictor {
  /** The members' distinct input sizes in pixels. */
  sizes: number[];
  /**
   * Predicts images of pixel stores.
   *
   * @param pixels stores by the images' side in pixels.
   * @param options `explains`: whether to compute heat maps, too.
   * @throws StoppedError after `stop`.
   */
  predict(
    pixels: ReadonlyMap<number, PixelStoreHandle>,
    indices: Uint32Array,
    options?: { explains?: boolean | undefined },
  ): Promise<ImageProbabilities>;
  /** Makes a running `predict` fail before its next batch. */
  stop(): void;
  /** Disposes the models and ends the lanes; call it only when no `predict` is running. */
  close(): Promise<void>;
}

/** Maximum size of the weights that all lanes keep between chunks; other models are rebuilt for each chunk. */
const keptWeightsBudgetBytes = 2 * 2 ** 30;

/**
 * Plans lanes for a bundle; the first `predict` starts TensorFlow on them.
 *
 * @param imageCount total number of images in all calls of `predict`.
 * @param chunkCount number of images in the largest chunk.
 * @throws ConfigError when a device does not exist; DataError when this machine has too little memory.
 */
export async function openBundlePredictor(
  { manifest, members: read, stackers }: Bundle,
  { imageCount, chunkCount }: { imageCount: number; chunkCount: number },
  options: BundlePredictorOptions,
): Promise<BundlePredictor> {
  const runtime = runtimeSchema.parse(options.runtime ?? {});
  const shared = read.map(({ name, models }) => ({ name, models: models.map(withSharedWeights) }));
  await setupRuntime(options.onSetup);
  const plan = await chooseLanes({ workers: parseWorkers(options.workers ?? 'auto'), runtime, members: shared });
  const stop = new StopFlag();
  const forward = chooseForwardEngine(runtime.forward, plan.lanes, options.onNotice);
  const settings = { ...runtime, precision: 'float32' } as const;
  const compute = computeSettings(settings, plan.lanes, forward, {
    processorCount: availableParallelism(),
    decodesMeanwhile: imageCount > forwardBatchSize,
  });
  const inFloats = compute.some((lane) => lane.forward.engine === 'tensorflow');
  const members = inFloats ? withoutRanges(shared, plan.lanes, options.onNotice) : shared;
  const sizes = [...new Set(members.flatMap(({ models }) => models.map((model) => model.manifest.backbone.inputSize)))];
  requirePredictMemory({
    models: members.flatMap(({ models }) => models),
    ...{ sizes, chunkCount, laneCount: plan.lanes.length },
  });
  const lanes = plan.lanes.map(
    (lane, index) => new Lane({ runtime: lane, compute: compute[index]!, stop: stop.shared }, observerFrom()),
  );
  const chosen = stackers.get(manifest.chosen)!;
  const models: ModelPlaces = { imageCount, places: placeModels(members, lanes.length) };
  return {
    sizes,
    async predict(pixels, indices, { explains = false } = {}) {
      const reads = new SharedArrayBuffer(pixels.get(sizes[0]!)!.count);
      const predictions = await predictMembers(
        lanes,
        members,
        {
          ...{ pixels, indices, reads },
          testTimeAugmentation: manifest.testTimeAugmentation,
          featureMembers: chosen.featureMembers,
        },
        models,
      );
      const { logits, features } = predictions;
      const { calibration, classes } = manifest;
      const ensemble = calibrate(chosen.predict(logits, features), calibration, classes.length);
      const probabilities = { ensemble, members: logits.map((one) => toProbabilities(one, classes.length)) };
      if (!explains) return probabilities;
      const labels = Array.from(indices, (_, row) => argmax(ensemble, row, classes.length));
      const explained = { pixels, reads, indices, labels, predictions };
      const maps = await explainImages(lanes, { members, stacker: chosen.toJSON(), calibration }, explained);
      return { ...probabilities, maps };
    },
    stop: () => stop.raise(),
    async close() {
      await Promise.all(lanes.map((lane) => lane.close()));
    },
  };
}

// --- internal ---

/** Removes the ranges with which onnxruntime computes with integers: all lanes must compute the same. */
function withoutRanges(
  members: readonly PredictingMember[],
  lanes: readonly Pick<RuntimeOptions, 'device'>[],
  onNotice: (notice: string) => void = () => {},
): PredictingMember[] {
  if (members.some(({ models }) => models.some(({ manifest }) => manifest.ranges !== undefined))) {
    const remedy = lanes.every(({ device }) => device.startsWith('cpu:')) ? '' : '; --workers cpu:0 uses onnxruntime';
    onNotice(
      `The networks compute in float32, not with the 8-bit integers of this bundle, because TensorFlow runs them${remedy}.`,
    );
  }
  return members.map(({ name, models }) => ({
    name,
    models: models.map((model) => ({ ...model, manifest: { ...model.manifest, ranges: undefined } })),
  }));
}

/**
 * Decides which models stay in memory between chunks: all of them on every lane, so that any lane can take any shard, if they
 * fit into the budget. Otherwise each model is assigned to the lane with the least work, the costliest model first, and as
 * many of them are kept as fit.
 */
function placeModels(members: readonly PredictingMember[], laneCount: number): ModelPlaces['places'] {
  const models = members.flatMap((member) =>
    member.models.map(({ manifest, weights }, index) => ({
      key: modelKey(member.name, index),
      cost: memberCost(manifest.backbone),
      bytes: weights.length,
    })),
  );
  const bytes = models.reduce((sum, model) => sum + model.bytes, 0);
  if (bytes * laneCount <= keptWeightsBudgetBytes)
    return new Map(models.map(({ key }) => [key, { laneIndex: undefined, isKept: true }]));
  const load = new Array<number>(laneCount).fill(0);
  let keptBytes = 0;
  const places = new Map<string, ModelPlace>();
  for (const { key, cost, bytes } of models.toSorted((a, b) => b.cost - a.cost)) {
    const laneIndex = load.indexOf(Math.min(...load));
    load[laneIndex]! += cost;
    const isKept = keptBytes + bytes <= keptWeightsBudgetBytes;
    if (isKept) keptBytes += bytes;
    places.set(key, { laneIndex, isKept });
  }
  return places;
}
