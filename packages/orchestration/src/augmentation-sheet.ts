/** A contact sheet of augmented images: what the model sees in training. */
import { resolve } from 'node:path';
import { DataError, encodePng } from '@chorus/data';
import { checkValue, mistakesLine } from '@chorus/models';
import { initRuntime, type OnSetupProgress, prepareProcess, setupRuntime } from '@chorus/runtime';
import { publishFile } from '@chorus/storage';
import { previewAugmentation } from '@chorus/training';
import { z } from 'zod';
import { contactSheet, sheetSize } from './contact-sheet.ts';
import { ConfigError } from './errors.ts';
import { type AugmentationChoice, augmentationOf, augmentationSchema } from './experiment/augmentation.ts';
import { experimentSchema } from './experiment/schema.ts';
import { requireOutput, writingTo } from './output-place.ts';
import { decodingWith } from './run/dataset.ts';
import { decodeToStores } from './run/decode-to-stores.ts';

export interface AugmentationSheetOptions {
  /** As `recipe.augmentation` in an experiment. */
  augmentation: z.input<typeof augmentationSchema>;
  /** Number of epochs to show; by default 8. */
  epochCount?: number | undefined;
  /** As in an experiment; by default 160. */
  inputSize?: number | undefined;
  seed?: number | undefined;
  /** Progress of the native runtime's setup, which runs once per user and version. */
  onSetup?: OnSetupProgress;
}

/** The sheet's maximum size: 300 MB in memory. */
const mostPixels = 100_000_000;

/**
 * Writes a sheet with a row per image: the image as it is decoded, then as training augments it in each epoch. With mixup and
 * cutmix, each image is mixed with the one above it, and the first one with the last. Replaces an earlier file atomically.
 *
 * @param out path that ends in `.png`.
 * @throws ConfigError for invalid options or when `out` is not writable; DataError naming the files that cannot be decoded;
 * writes nothing in these cases.
 */
export async function writeAugmentationSheet(
  out: string,
  paths: readonly string[],
  { onSetup, ...options }: AugmentationSheetOptions,
): Promise<{ width: number; height: number }> {
  prepareProcess();
  if (paths.length === 0) throw new ConfigError('Expected image files, received none.');
  const { augmentation, epochCount, inputSize, seed } = parsed(options);
  const size = { rowCount: paths.length, columnCount: epochCount + 1, size: inputSize };
  const { width, height } = sheetSize(size);
  if (width * height > mostPixels)
    throw new ConfigError(
      `Expected a sheet of at most ${mostPixels} pixels, received ${width} × ${height}; use fewer images or epochs, or a smaller size.`,
    );
  // Requiring the extension prevents overwriting a photograph by mistake, such as the last of a list without `--out`.
  await requireOutput(out, '.png');
  const pixels = await decode(paths, inputSize);
  await setupRuntime(onSetup);
  initRuntime({ device: 'cpu:0' });
  const changes = augmentationOf(augmentation);
  const columns = [
    previewAugmentation(pixels, { kind: 'none' }, { seed, epochIndex: 0 }),
    ...Array.from({ length: epochCount }, (_, epochIndex) =>
      previewAugmentation(pixels, changes, { seed, epochIndex }),
    ),
  ];
  const png = await encodePng(contactSheet(columns, size).pixels, { width, height });
  await writingTo(out, () => publishFile(out, png));
  return { width, height };
}

// --- internal ---

const optionsSchema = z.strictObject({
  augmentation: augmentationSchema,
  epochCount: z.int().min(1).max(100).default(8),
  inputSize: experimentSchema.shape.inputSize,
  seed: experimentSchema.shape.seed,
});

function parsed(options: Omit<AugmentationSheetOptions, 'onSetup'>): z.output<typeof optionsSchema> & {
  augmentation: AugmentationChoice;
} {
  const { data, mistakes } = checkValue(optionsSchema, options);
  if (mistakes === undefined) return data;
  throw new ConfigError(`Invalid ${mistakesLine(mistakes)}.`);
}

async function decode(paths: readonly string[], inputSize: number) {
  const files = paths.map((path) => ({ path: resolve(path) }));
  const decoding = decodingWith(experimentSchema.shape.data.parse({}), 'pillow');
  const { pixels, skipped } = await decodeToStores(files, [inputSize], { ...decoding, maxSkippedShare: 1 });
  if (skipped.length > 0)
    throw new DataError(
      `Cannot decode ${skipped.length} of ${paths.length} images: ${skipped.map(({ path, reason }) => `${path} (${reason})`).join('; ')}. Remove them from the list.`,
    );
  return pixels.get(inputSize)!;
}
