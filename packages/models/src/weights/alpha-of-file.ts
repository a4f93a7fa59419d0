import { type BackboneFamily, backboneTable } from '../backbones/table.ts';
import { ModelError } from '../errors.ts';
import { misfitOf, otherBackbone } from './misfit.ts';
import { withStoredLayers } from './stored-layers.ts';

/**
 * The width multiplier whose shapes a weight file has. A family with one width has that; `loadBackboneWeights` decides
 * whether the file fits. Else up to a model per width is built, on the current tfjs backend, and disposed again.
 *
 * @param file its name, for messages, and its content; see `loadBackboneWeights` for what may be in it.
 * @throws ModelError naming the file and the family's alphas where it fits none; or, where only one can be meant, the group
 * that does not fit that one.
 */
export async function alphaOfFile(family: BackboneFamily, file: { name: string; bytes: Uint8Array }): Promise<number> {
  const { alphas, featureWidth } = backboneTable[family];
  if (alphas.length === 1) return alphas[0]!;
  return withStoredLayers(file, (layers) => {
    // The last convolution has the features for its outputs: shapes that need no model leave one alpha, or a few. Wide
    // ones first, whose last width no narrower one has on its way.
    const widths = new Set(layers.flatMap(({ weights }) => weights.map(({ shape }) => shape.at(-1))));
    const candidates = alphas.toReversed().filter((alpha) => widths.has(featureWidth(alpha)));
    const misfits: ModelError[] = [];
    for (const alpha of candidates) {
      const misfit = misfitOf(file.name, { family, alpha }, layers);
      if (misfit === undefined) return alpha;
      misfits.push(misfit);
    }
    otherBackbone(file.name, { family }, layers);
    if (misfits.length === 1) throw misfits[0]!;
    throw new ModelError(
      `${file.name}: expected weights of ${family} with an alpha out of ${alphas.join(', ')}, received layers that fit ` +
        'none; for the one that you name, the error says which layer does not.',
    );
  });
}
