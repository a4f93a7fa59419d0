/** Mixing of each image with the one before it in the batch, or the first one with the last: mixup and cutmix. */
import type { Draws } from './draws.ts';
import { areaOf, noRectangle, type Rectangle } from './rectangle.ts';
import { type AugmentationSettings, mixesImages } from './settings.ts';

export interface Mix {
  /** The rectangle that shows the other image. */
  cut: Rectangle;
  /** The image's share in the other pixels. */
  blend: number;
  /** The image's share in the label. */
  ownShare: number;
}

/**
 * Draws how an image is mixed: by mixup, by cutmix, or by either with the same probability if both are on.
 *
 * @param beta draws from Beta(α, α).
 * @param size side of the image in pixels.
 */
export function drawMix(
  { mixup, cutmix }: AugmentationSettings,
  draws: Draws,
  { beta, size }: { beta: (alpha: number) => number; size: number },
): Mix {
  if (!mixesImages({ mixup, cutmix })) return { cut: noRectangle, blend: 1, ownShare: 1 };
  const cuts = cutmix > 0 && (mixup === 0 || draws.cuts < 0.5);
  const share = beta(cuts ? cutmix : mixup);
  if (!cuts) return { cut: noRectangle, blend: share, ownShare: share };
  const cut = rectangleAround(draws, (size * Math.sqrt(1 - share)) / 2, size);
  return { cut, blend: 1, ownShare: 1 - areaOf(cut) / size ** 2 };
}

// --- internal ---

/** A square of twice this radius around a random point, as far as it is in the image. */
function rectangleAround({ cutTop, cutLeft }: Draws, radius: number, size: number): Rectangle {
  const inside = (place: number) => Math.min(size, Math.max(0, Math.round(place)));
  const [y, x] = [size * cutTop, size * cutLeft];
  return [inside(y - radius), inside(x - radius), inside(y + radius), inside(x + radius)];
}
