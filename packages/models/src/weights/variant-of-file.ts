import { type BackboneFamily, backboneTable } from '../backbones/table.ts';
import { ModelError } from '../errors.ts';
import { misfitOf, otherBackbone } from './misfit.ts';
import { withStoredLayers } from './stored-layers.ts';

/**
 * Finds the variant whose shapes a weight file has.
 *
 * A family with one variant returns it without reading the file; `loadBackboneWeights` then decides whether the file fits.
 * Otherwise builds up to one model per variant on the current tfjs backend, and disposes of it.
 *
 * @param file its name, for messages, and its content; see `loadBackboneWeights` for the formats.
 * @returns the variant's name.
 * @throws ModelError naming the file and the family's variants if none fits; or, if only one variant is possible, the first
 * group that does not fit it.
 */
export async function variantOfFile(
  family: BackboneFamily,
  file: { name: string; bytes: Uint8Array },
): Promise<string> {
  const { variants } = backboneTable[family];
  if (variants.length === 1) return variants[0].name;
  return withStoredLayers(file, (layers) => {
    // The last convolution outputs the features, so shapes alone leave one variant or a few. Wide variants come first: no
    // narrower one has their last width in an earlier layer.
    const widths = new Set(layers.flatMap(({ weights }) => weights.map(({ shape }) => shape.at(-1))));
    const candidates = variants.toReversed().filter(({ featureWidth }) => widths.has(featureWidth));
    const misfits: ModelError[] = [];
    for (const { name } of candidates) {
      const misfit = misfitOf(file.name, { family, variant: name }, layers);
      if (misfit === undefined) return name;
      misfits.push(misfit);
    }
    otherBackbone(file.name, { family }, layers);
    if (misfits.length === 1) throw misfits[0]!;
    throw new ModelError(
      `${file.name}: the layers fit no variant of ${family} (${variants.map(({ name }) => name).join(', ')}). ` +
        'Choose a variant to see which layer does not fit it.',
    );
  });
}
