/** Loads a bundle's networks one after another. */
import {
  type BundleManifest,
  bundleManifestSchema,
  checkValue,
  ModelError,
  memberFromBytes,
  mistakesLine,
  singleMemberManifest,
  stackerFromJson,
  upgradeBundleManifest,
} from '@chorus/models/bundle';
import { imageInputName, memberOutputGraph, modelBytes } from '@chorus/models/onnx';
import tf from '@chorus/tfjs';
import { type BundleFiles, type BundlePlace, openBundleFiles } from './bundle-files.ts';
import type { Engine } from './engine.ts';
import { LoadedEnsemble, type LoadedNetwork } from './ensemble.ts';
import { PredictorError } from './errors.ts';

/** How much of a bundle is loaded. */
export interface LoadProgress {
  /** Bytes of the networks that have been read, and of all networks that will be. */
  loadedBytes: number;
  totalBytes: number;
  /** The member that is being loaded. */
  member: string;
}

export interface LoadOptions {
  /** Loads the bundle's student, a single network that learned from the ensemble, in place of the ensemble. */
  student?: boolean | undefined;
  /** Loads one member, by its name, in place of the ensemble. */
  member?: string | undefined;
  /** A bundle whose networks take more bytes is refused before they are read; 2 GiB by default. */
  maxBytes?: number | undefined;
  onProgress?: ((progress: LoadProgress) => void) | undefined;
  /** Stops the loading before the next network or part of a file. */
  signal?: AbortSignal | undefined;
}

/**
 * Loads a bundle; one network's weights are in memory at a time, beside those of the engine.
 *
 * @returns the ensemble; the caller disposes.
 * @throws PredictorError for a missing, damaged, invalid or too large bundle; the signal's reason after an abort.
 */
export async function loadBundle(
  place: BundlePlace,
  engine: Engine,
  { student, member, maxBytes = 2 ** 31, onProgress, signal }: LoadOptions,
): Promise<{ manifest: BundleManifest; ensemble: LoadedEnsemble }> {
  if (student === true && member !== undefined)
    throw new PredictorError(`Expected either the student or the member ${member}, received both.`);
  const files = await openBundleFiles(place, signal);
  const whole = await readManifest(files, signal);
  const manifest = student === true || member !== undefined ? chosenManifest(whole, place.name, member) : whole;
  const stacker = stackerFromJson(manifest.stackers.find(({ kind }) => kind === manifest.chosen)!.state);
  const models = modelsToLoad(manifest, stacker.featureMembers);
  const totalBytes = models.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (totalBytes > maxBytes)
    throw new PredictorError(`${place.name}: expected networks of at most ${maxBytes} bytes, received ${totalBytes}.`);
  const networks: LoadedNetwork[] = [];
  const ensemble = new LoadedEnsemble(manifest, stacker, networks);
  let loadedBytes = 0;
  try {
    for (const { name, memberIndex, output, file, model, byteLength } of models) {
      const report = (count: number) => {
        loadedBytes += count;
        onProgress?.({ loadedBytes, totalBytes, member: name });
      };
      const weights = await files.read(file, { maxBytes: byteLength, onBytes: report, signal });
      const content = await networkOf({ name, model, weights, output }, manifest, `${place.name}: ${file}`);
      signal?.throwIfAborted();
      const size = model.backbone.inputSize;
      networks.push({ memberIndex, output, size, input: imageInputName(size), network: await engine.open(content) });
      signal?.throwIfAborted();
    }
    return { manifest, ensemble };
  } catch (error) {
    await ensemble.dispose();
    throw error;
  }
}

// --- internal ---

/** A dense or features stacker of many classes takes megabytes. */
const maxManifestBytes = 64 * 2 ** 20;

async function readManifest(files: BundleFiles, signal: AbortSignal | undefined): Promise<BundleManifest> {
  const content = await files.read('bundle.json', { maxBytes: maxManifestBytes, signal });
  try {
    const json = upgradeBundleManifest(JSON.parse(new TextDecoder().decode(content)));
    const { data, mistakes } = checkValue(bundleManifestSchema, json);
    if (mistakes === undefined) return data;
    throw new PredictorError(`${files.name}/bundle.json is not a bundle: ${mistakesLine(mistakes)}.`);
  } catch (error) {
    if (error instanceof PredictorError) throw error;
    const text = error instanceof ModelError ? error.message : `is not JSON: ${(error as Error).message}`;
    throw new PredictorError(`${files.name}/bundle.json ${text}`, { cause: error });
  }
}

function chosenManifest(manifest: BundleManifest, name: string, member: string | undefined): BundleManifest {
  const found = member === undefined ? manifest.student : manifest.members.find((one) => one.name === member);
  if (found !== undefined) return singleMemberManifest(manifest, found);
  throw new PredictorError(
    member === undefined
      ? `${name}: expected a bundle with a student, received one without.`
      : `${name}: unknown member ${JSON.stringify(member)}; expected one of: ${manifest.members.map((one) => one.name).join(', ')}.`,
  );
}

interface ModelToLoad {
  name: string;
  memberIndex: number;
  output: 'logits' | 'features';
  file: string;
  model: BundleManifest['members'][number]['models'][number]['model'];
  byteLength: number;
}

/** What the stacker reads: features of some members, whose networks have the same frozen backbone, or the logits of all. */
function modelsToLoad({ members }: BundleManifest, featureMembers: readonly number[]): ModelToLoad[] {
  const output = featureMembers.length > 0 ? 'features' : 'logits';
  return members.flatMap(({ name, models }, memberIndex) => {
    if (output === 'features' && !featureMembers.includes(memberIndex)) return [];
    return (output === 'features' ? models.slice(0, 1) : models).map(({ file, model }) => {
      const { offset, byteLength } = model.tensors.at(-1)!;
      return { name, memberIndex, output, file, model, byteLength: offset + byteLength };
    });
  });
}

async function networkOf(
  { name, model, weights, output }: Pick<ModelToLoad, 'name' | 'model' | 'output'> & { weights: Uint8Array },
  { testTimeAugmentation }: BundleManifest,
  file: string,
): Promise<Uint8Array> {
  await useSomeBackend();
  try {
    const classifier = memberFromBytes(model, weights);
    try {
      return modelBytes(memberOutputGraph({ name, classifiers: [classifier] }, { testTimeAugmentation, output }));
    } finally {
      classifier.dispose();
    }
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new PredictorError(`${file}: ${error.message}`, { cause: error });
  }
}

/** tfjs builds the layers, but computes nothing: any backend will do, and its default one would set up WebGL. */
async function useSomeBackend(): Promise<void> {
  if (tf.engine().backendName !== undefined && tf.engine().backendName !== null) return;
  await tf.setBackend('cpu');
}
