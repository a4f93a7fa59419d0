export { drawBalanced } from './balanced-draw.ts';
export { type EpochOptions, epochBatches, fillBatch, type ImageBatch } from './batches.ts';
export { type CatsAndDogsOptions, catsAndDogsFolder, ensureCatsAndDogs } from './cats-and-dogs.ts';
export { hexColor, isColor } from './color.ts';
export { checkDataset, type DatasetFacts, isBadImage, maxBadShare } from './dataset-checks.ts';
export {
  type DecodeAllOptions,
  type DecodeOptions,
  decodeImage,
  decodeImageBytes,
  decodeImages,
  type ImageInfo,
  type ImageToDecode,
  inspectImageBytes,
} from './decode.ts';
export { PixelBudget } from './decode-budget.ts';
export { type ResizeMethod, resizeMethods } from './decode-resize.ts';
export { displayName, lookOf, normalizeName } from './display-name.ts';
export {
  copiesToDrop,
  type DuplicateGroup,
  type DuplicatePolicy,
  describeDuplicates,
  duplicatePolicies,
} from './duplicates.ts';
export { encodePng } from './encode-png.ts';
export { DataError } from './errors.ts';
export { hasImageEnding } from './file-kind.ts';
export { type FolderLayout, folderLayouts } from './folder-layout.ts';
export { stratifiedFolds } from './folds.ts';
export { heatColor } from './heat-colors.ts';
export { drawHeatMaps, type HeatMapRows } from './heat-map-overlay.ts';
export { isHiddenEntry } from './hidden-entry.ts';
export { type ImageFile, type ImageFolder, type ScanOptions, scanImageFolder } from './image-folder.ts';
export type { SkipKind, SkippedEntry, SkippedImage } from './image-walk.ts';
export { listImages } from './list-images.ts';
export { availableMemoryBytes, checkMemory, pixelBytes } from './memory.ts';
export { findPictureGroups, type PictureGroup, type PictureGroups } from './picture-groups.ts';
export { createPixelStore, PixelStore, type PixelStoreHandle } from './pixel-store.ts';
export { type RawPixels, resizePixels } from './raw-pixels.ts';
export { drawShapes, ensureShapes, type ShapeForm, type ShapesOptions } from './shapes.ts';
export { randomFor, seedFor, shuffle } from './shuffle.ts';
export {
  disjointSets,
  type FoldImages,
  filterSplit,
  type ImageSplit,
  type SplitPlan,
  splitImages,
  trainingImages,
} from './split.ts';
export type { SplitRole } from './split-folders.ts';
export { type PngPicture, svgToPng } from './svg-to-png.ts';
export { type DecodeLimits, makeThumbnail, type Thumbnail } from './thumbnail.ts';
export { type Fold, foldName, foldsOf, type StackingImages } from './training-fold.ts';
