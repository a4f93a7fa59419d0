/** Examines what one preset needs in addition: initial weights, a data set, memory, disk space, a GPU. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { availableMemoryBytes, catsAndDogsFolder, pixelBytes } from '@chorus/data';
import type { Device } from '@chorus/runtime';
import { choosePreset, type PresetName, presets } from '../experiment/presets/presets.ts';
import { resolveExperiment } from '../experiment/resolve.ts';
import { type Experiment, inputSizesOf, modelsOf } from '../experiment/schema.ts';
import { planLanes } from '../lanes/plan.ts';
import { expectedPlan } from '../plan/expected-plan.ts';
import { estimateLaneBytes } from '../plan/lane-memory.ts';
import type { TrainingPlan } from '../plan/plan-training.ts';
import { freeDiskBytes, runBytes } from '../run/disk-space.ts';
import {
  type MatchedFiles,
  missingWeights,
  publishedFileOf,
  unusableWeights,
  weightSource,
} from '../run/initial-weights.ts';
import { publishedWeightsPath } from '../run/published-weights.ts';
import type { Finding } from './finding.ts';

interface Environment {
  CHORUS_WEIGHTS?: string | undefined;
}

/** Number of images to estimate memory for, since the user's data set is unknown. */
const typicalImageCount = 3000;
const typicalImages = { trainingCount: 2000, testCount: 1000 };
const typicalRun = { classCount: 2, pathLength: 40, laneCount: 1 };

export async function examinePreset(
  name: PresetName,
  {
    environment,
    gpus,
    weights: source,
    matched,
  }: { environment: Environment; gpus: readonly Device['name'][]; weights?: string; matched: MatchedFiles },
): Promise<Finding[]> {
  const experiment = resolveExperiment(presets[name].experiment, source === undefined ? {} : { weights: source });
  return [
    await weights(name, experiment, environment, matched),
    data(name),
    memory(name, experiment, environment, gpus),
    await disk(name, experiment, environment),
    ...(presets[name].wantsGpu ? [gpu(name, gpus)] : []),
  ];
}

// --- internal ---

async function weights(
  preset: PresetName,
  experiment: Experiment,
  environment: Environment,
  matched: MatchedFiles,
): Promise<Finding> {
  const common = { preset, what: 'weights' };
  const source = weightSource(experiment, environment);
  if (source === 'random') return { ...common, ok: true, detail: 'drawn from the seed' };
  const unusable = await unusableWeights(experiment, environment, matched);
  if (unusable !== undefined && source === 'imagenet') {
    // The message about weights that cannot be downloaded says how to write them.
    const missing = await missingWeights(experiment, environment);
    return { ...common, ok: false, detail: missing ?? `${unusable} Delete the file; training downloads it again.` };
  }
  if (unusable !== undefined)
    return {
      ...common,
      ok: false,
      detail: unusable,
      fix: { kind: 'published-weights', preset, needsData: needsData(preset) },
    };
  if (source !== 'imagenet') return { ...common, ok: true, detail: `all in ${source}` };
  const missing = modelsOf(experiment)
    .map((member) => publishedFileOf(member, experiment).file.name)
    .filter((name) => !existsSync(publishedWeightsPath(name)));
  if (missing.length === 0) return { ...common, ok: true, detail: 'all in the cache' };
  const detail = `not in the cache yet: ${missing.join(', ')}`;
  return { ...common, ok: false, detail, fix: { kind: 'download', preset } };
}

function data(preset: PresetName): Finding {
  const common = { preset, what: 'data' };
  const source = ownSource(preset);
  if (source === undefined) return { ...common, ok: true, detail: 'your own images' };
  if (source === 'shapes') return { ...common, ok: true, detail: 'drawn by Chorus' };
  const folder = catsAndDogsFolder();
  if (existsSync(folder)) return { ...common, ok: true, detail: folder };
  return { ...common, ok: false, detail: `not in the cache yet: ${source}`, fix: { kind: 'download', preset } };
}

function memory(
  preset: PresetName,
  experiment: Experiment,
  environment: Environment,
  gpus: readonly Device['name'][],
): Finding {
  const { lanes } = planLanes(experiment, { processorCount: availableParallelism(), gpus });
  const plan = expectedPlan(experiment, environment, { trainingCount: typicalImageCount, testCount: 0 });
  const laneBytes = estimateLaneBytes(plan, lanes);
  const pixels = pixelBytes({ imageCount: typicalImageCount, imageSizes: inputSizesOf(experiment) });
  const [needed, available] = [laneBytes + pixels, availableMemoryBytes()];
  const ok = needed <= available;
  return {
    preset,
    what: 'memory',
    ok,
    detail: `about ${gigabytes(needed)} for up to ${typicalImageCount} images; this machine has ${gigabytes(available)}`,
    ...(ok
      ? {}
      : {
          fix: {
            kind: trainsAllLayers(plan) ? 'smaller-batches' : 'one-lane',
            preset,
            needsData: needsData(preset),
          },
        }),
  };
}

/** If so, activations take most of the memory, and smaller batches help. */
function trainsAllLayers({ members }: TrainingPlan): boolean {
  return members.some(({ plan }) => plan.stages.some(({ trains }) => trains === 'all'));
}

async function disk(preset: PresetName, experiment: Experiment, environment: Environment): Promise<Finding> {
  const { freeBytes } = await freeDiskBytes(process.cwd());
  const needed = runBytes(expectedPlan(experiment, environment, typicalImages), typicalRun);
  const detail = `${gigabytes(needed)} for a run; ${gigabytes(freeBytes)} are free in the working folder`;
  return { preset, what: 'disk', ok: needed <= freeBytes, detail };
}

function gpu(preset: PresetName, gpus: readonly string[]): Finding {
  const common = { preset, what: 'GPU' };
  if (gpus.length > 0) return { ...common, ok: true, detail: `${gpus.join(', ')}; their memory is not checked` };
  return {
    ...common,
    ok: false,
    detail: 'none found; training takes hours on a CPU',
    fix: { kind: 'cpu-preset', preset: 'cpu', needsData: needsData('cpu') },
  };
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** The preset's data set; undefined if it trains on the user's. */
function ownSource(preset: PresetName): string | undefined {
  return choosePreset(preset).experiment.data?.source;
}

/** Whether a preset has no data set of its own. */
function needsData(preset: PresetName): boolean {
  return ownSource(preset) === undefined;
}
