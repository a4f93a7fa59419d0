/** A thread that resizes as Pillow does; it loads no decoder. */
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { resizeLikePillow } from './decode-pillow.ts';
import type { ResizeTask } from './resize-threads.ts';

/** Called by piscina, which unwraps the squares, one per size: they leave this thread without a copy. */
export default function resize({ image, sizes }: ResizeTask): object {
  const squares = sizes.map((size) => resizeLikePillow(image, size));
  // An image that has the right size is its own square, and may be so twice.
  const buffers = [...new Set(squares.map(({ buffer }) => buffer))];
  return move({ [transferableSymbol]: buffers, [valueSymbol]: squares });
}
