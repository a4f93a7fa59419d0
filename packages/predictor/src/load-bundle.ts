/** Loads a bundle's networks one after another. */
import {
  type BundleManifest,
  bundleManifestSchema,
  checkValue,
  ModelError,
  memberFromBytes,
  mistakesLine,
  type Stacker,
  singleMemberManifest,
  stackerFromJson,
  upgradeBundleManifest,
} from '@chorus/models/bundle';
import { imageInputName, memberOutputGraph, modelBytes } from '@chorus/models/onnx';
import { parseJson } from '@chorus/storage/json';
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
  /** A bundle whose networks take more bytes in memory is refused before they are read; 2 GiB by default. */
  maxBytes?: number | undefined;
  /**
   * An image with more pixels is refused, and at most as many are decoded at a time; by default, and at most, the bundle's
   * limit.
   */
  maxPixels?: number | undefined;
  onProgress?: ((progress: LoadProgress) => void) | undefined;
  /** Stops the loading before the next network or part of a file. */
  signal?: AbortSignal | undefined;
}

/** A bundle's manifest and its loaded networks. */
export interface LoadedBundle {
  manifest: BundleManifest;
  /** The receiver disposes. */
  ensemble: LoadedEnsemble;
}

/**
 * Loads a bundle, one network after another. If it is replaced meanwhile, the result is either the old one or the new one.
 *
 * @param onFirst receives the student or, without one, the member with the fewest bytes, before the rest is loaded; not called if
 * there is nothing else to load.
 * @throws PredictorError for a missing, damaged, invalid or too large bundle; the signal's reason after an abort.
 */
export async function loadBundle(
  place: BundlePlace,
  engine: Engine,
  options: LoadOptions,
  onFirst: ((first: LoadedBundle) => void) | undefined,
): Promise<LoadedBundle> {
  const { student, member, maxPixels, signal } = options;
  if (student === true && member !== undefined)
    throw new PredictorError(`Expected either the student or the member ${member}, received both.`);
  if (maxPixels !== undefined && (!Number.isInteger(maxPixels) || maxPixels < 1))
    throw new PredictorError(`Expected maxPixels to be a whole number of at least 1, received ${maxPixels}.`);
  let isFirstLoaded = false;
  const takeFirst = (first: LoadedBundle) => {
    isFirstLoaded = true;
    onFirst?.(first);
  };
  for (let attempt = 1; ; attempt += 1) {
    const files = await openBundleFiles(place, signal);
    try {
      return await loadFrom(files, engine, options, onFirst === undefined || isFirstLoaded ? undefined : takeFirst);
    } catch (error) {
      if (!(error instanceof PredictorError) || attempt === maxAttempts || !(await files.hasChanged())) throw error;
    }
  }
}

// --- internal ---

/** For a bundle that is replaced again and again. */
const maxAttempts = 20;

async function loadFrom(
  files: BundleFiles,
  engine: Engine,
  { student, member, maxBytes = 2 ** 31, maxPixels, onProgress, signal }: LoadOptions,
  onFirst: ((first: LoadedBundle) => void) | undefined,
): Promise<LoadedBundle> {
  const whole = withinLimit(await readManifest(files, signal), maxPixels);
  const isSingle = student === true || member !== undefined;
  const manifest = isSingle ? chosenManifest(whole, files.name, member) : whole;
  const first = onFirst === undefined || isSingle ? undefined : firstManifest(whole);
  const parts = [...(first === undefined ? [] : [first]), manifest].map(partOf);
  const models = parts.flatMap((part) => part.models);
  const networkBytes = models.reduce((sum, { model }) => sum + float32BytesOf(model), 0);
  if (networkBytes > maxBytes)
    throw new PredictorError(
      `${files.name}: expected networks of at most ${maxBytes} bytes, received ${networkBytes}.`,
    );
  // A file of two parts is read once.
  const fileBytes = new Map(models.map(({ file, byteLength }) => [file, byteLength]));
  const totalBytes = [...fileBytes.values()].reduce((sum, byteLength) => sum + byteLength, 0);
  let loadedBytes = 0;
  const read = readOnce(models, ({ file, name, byteLength }) =>
    files.read(file, {
      // A manifest may declare more bytes than its shapes take.
      ...{ maxBytes: Math.min(byteLength, maxBytes), signal },
      onBytes(count) {
        loadedBytes += count;
        onProgress?.({ loadedBytes, totalBytes, member: name });
      },
    }),
  );
  const load = async (part: BundlePart): Promise<LoadedBundle> => {
    const networks: LoadedNetwork[] = [];
    const ensemble = new LoadedEnsemble(part.manifest, part.stacker, networks);
    try {
      for (const model of part.models) {
        const content = await networkOf(model, await read(model), {
          testTimeAugmentation: part.manifest.testTimeAugmentation,
          computesWithIntegers: engine.computesWithIntegers,
          path: `${files.name}: ${model.file}`,
        });
        signal?.throwIfAborted();
        const { memberIndex, output } = model;
        const size = model.model.backbone.inputSize;
        networks.push({ memberIndex, output, size, input: imageInputName(size), network: await engine.open(content) });
        signal?.throwIfAborted();
      }
      return { manifest: part.manifest, ensemble };
    } catch (error) {
      await ensemble.dispose();
      throw error;
    }
  };
  if (first !== undefined) onFirst?.(await load(parts[0]!));
  return load(parts.at(-1)!);
}

/** A dense or features stacker of many classes takes megabytes. */
const maxManifestBytes = 64 * 2 ** 20;

async function readManifest(files: BundleFiles, signal: AbortSignal | undefined): Promise<BundleManifest> {
  const content = await files.read('bundle.json', { maxBytes: maxManifestBytes, signal });
  const path = `${files.name}/bundle.json`;
  const { data, mistakes } = checkValue(bundleManifestSchema, parsed(content, path));
  if (mistakes === undefined) return data;
  throw new PredictorError(`${path} is not a bundle: ${mistakesLine(mistakes)}.`);
}

function parsed(content: Uint8Array, path: string): unknown {
  try {
    return upgradeBundleManifest(parseJson(content, path));
  } catch (error) {
    const { message } = error as Error;
    throw new PredictorError(error instanceof ModelError ? `${path} ${message}` : message, { cause: error });
  }
}

function withinLimit({ decoding, ...rest }: BundleManifest, maxPixels = decoding.maxPixels): BundleManifest {
  return { ...rest, decoding: { ...decoding, maxPixels: Math.min(decoding.maxPixels, maxPixels) } };
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

/** The student or, without one, the member with the fewest bytes; undefined if that is the whole ensemble. */
function firstManifest(whole: BundleManifest): BundleManifest | undefined {
  if (whole.student === undefined && whole.members.length === 1) return undefined;
  const bytes = (one: BundleManifest['members'][number]) =>
    one.models.reduce((sum, { model }) => sum + byteLengthOf(model), 0);
  const smallest = whole.members.reduce((best, one) => (bytes(one) < bytes(best) ? one : best));
  return singleMemberManifest(whole, whole.student ?? smallest);
}

/** Networks that answer together. */
interface BundlePart {
  manifest: BundleManifest;
  stacker: Stacker;
  models: ModelToLoad[];
}

function partOf(manifest: BundleManifest): BundlePart {
  const stacker = stackerFromJson(manifest.stackers.find(({ kind }) => kind === manifest.chosen)!.state);
  return { manifest, stacker, models: modelsToLoad(manifest, stacker.featureMembers) };
}

/** Reads weights, and keeps those in memory that will be asked for again. @param models in the order of the calls. */
function readOnce(
  models: readonly ModelToLoad[],
  read: (model: ModelToLoad) => Promise<Uint8Array>,
): (model: ModelToLoad) => Promise<Uint8Array> {
  const kept = new Map<string, Uint8Array>();
  let position = 0;
  return async (model) => {
    const weights = kept.get(model.file) ?? (await read(model));
    position += 1;
    if (models.slice(position).some(({ file }) => file === model.file)) kept.set(model.file, weights);
    else kept.delete(model.file);
    return weights;
  };
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
    return (output === 'features' ? models.slice(0, 1) : models).map(({ file, model }) => ({
      ...{ name, memberIndex, output, file, model },
      byteLength: byteLengthOf(model),
    }));
  });
}

/** Bytes of the weights in memory, however they are stored. */
function float32BytesOf({ tensors }: ModelToLoad['model']): number {
  const counts = tensors.map(({ shape }) => shape.reduce((product, length) => product * length, 1));
  return counts.reduce((sum, count) => sum + count * Float32Array.BYTES_PER_ELEMENT, 0);
}

function byteLengthOf({ tensors }: ModelToLoad['model']): number {
  const { offset, byteLength } = tensors.at(-1)!;
  return offset + byteLength;
}

async function networkOf(
  { name, model, output }: ModelToLoad,
  weights: Uint8Array,
  {
    testTimeAugmentation,
    computesWithIntegers,
    path,
  }: Pick<BundleManifest, 'testTimeAugmentation'> & { computesWithIntegers: boolean; path: string },
): Promise<Uint8Array> {
  await useSomeBackend();
  try {
    const manifest = computesWithIntegers ? model : { ...model, ranges: undefined };
    const classifier = memberFromBytes(manifest, weights);
    try {
      return modelBytes(memberOutputGraph({ name, classifiers: [classifier] }, { testTimeAugmentation, output }));
    } finally {
      classifier.dispose();
    }
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new PredictorError(`${path}: ${error.message}`, { cause: error });
  }
}

/** tfjs builds the layers, but computes nothing: any backend will do, and its default one would set up WebGL. */
async function useSomeBackend(): Promise<void> {
  if (tf.engine().backendName !== undefined && tf.engine().backendName !== null) return;
  await tf.setBackend('cpu');
}
