/** The parameters of augmented images: a row of numbers per image, which the compiled step receives as an input. */
import { streamSeed } from '@chorus/models';
import tf from '@chorus/tfjs';
import { blurWeights, drawBlur } from './blur.ts';
import { colorMatrix, drawColors } from './colors.ts';
import { columns, parameterCount } from './columns.ts';
import { epochBetas, epochDraws, epochPolicyDraws } from './draws.ts';
import { drawMix } from './mix.ts';
import { drawOperations, drawsPerOperation, noOperation, operationCount } from './policy.ts';
import { drawErased } from './rectangle.ts';
import type { AugmentationSettings } from './settings.ts';
import { concatenated } from './transform.ts';
import { drawView, transformOf } from './view.ts';

/**
 * Draws the parameters of images in an epoch. Those of an image depend on the seed, the epoch, its index and the number of its copy
 * only.
 *
 * @param options `size`: side of the images in pixels; `copies`: the number of each image's copy, from 0, by default 0.
 * @returns [images, parameterCount]
 */
export function drawParameters(
  settings: AugmentationSettings,
  indices: Uint32Array,
  {
    seed,
    epochIndex,
    size,
    copies,
  }: { seed: number; epochIndex: number; size: number; copies?: ArrayLike<number> | undefined },
): Float32Array {
  const drawersOf = drawersByCopy(seed, epochIndex);
  const rows = new Float32Array(indices.length * parameterCount);
  for (const [position, image] of indices.entries()) {
    const { drawsOf, policyDrawsOf, betaOf } = drawersOf(copies?.[position] ?? 0);
    const draws = drawsOf(image);
    const start = position * parameterCount;
    const { policy } = settings;
    const policyDraws = policy === null ? [] : policyDrawsOf(image, drawsPerOperation * operationCount(policy));
    const { transform, brightness, contrast, saturation, sharpness, levelStep, solarizeFrom, stretches } =
      policy === null ? noOperation : drawOperations(policy, policyDraws, size);
    const view = transformOf(drawView(settings, draws), size);
    rows.set(concatenated(view, transform), start + columns.transform.start);
    const colors = drawColors(settings, draws);
    const changed = {
      ...colors,
      brightness: colors.brightness * brightness,
      contrast: colors.contrast * contrast,
      saturation: colors.saturation * saturation,
    };
    rows.set(colorMatrix(changed), start + columns.colors.start);
    rows.set([sharpness, levelStep, solarizeFrom, stretches], start + columns.operations.start);
    rows.set(blurWeights(drawBlur(settings, draws)), start + columns.blur.start);
    rows.set(drawErased(settings, draws, size), start + columns.erased.start);
    const mix = drawMix(settings, draws, { beta: (alpha) => betaOf(image, alpha), size });
    rows.set(mix.cut, start + columns.cut.start);
    rows[start + columns.blend.start] = mix.blend;
    rows[start + columns.ownShare.start] = mix.ownShare;
  }
  return rows;
}

/** The parameters of a batch as a tensor, or nothing. The caller disposes. */
export function parametersOf({ parameters }: { parameters?: Float32Array }): tf.Tensor2D[] {
  if (parameters === undefined) return [];
  return [tf.tensor2d(parameters, [parameters.length / parameterCount, parameterCount])];
}

// --- internal ---

/** The random numbers of each copy of an image in an epoch. */
function drawersByCopy(seed: number, epochIndex: number) {
  const drawers: ReturnType<typeof drawersOf>[] = [];
  return (copy: number) => {
    drawers[copy] ??= drawersOf(copy === 0 ? seed : streamSeed(seed, `copy ${copy}`), epochIndex);
    return drawers[copy];
  };
}

function drawersOf(seed: number, epochIndex: number) {
  return {
    drawsOf: epochDraws(seed, epochIndex),
    policyDrawsOf: epochPolicyDraws(seed, epochIndex),
    betaOf: epochBetas(seed, epochIndex),
  };
}
