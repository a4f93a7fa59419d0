import tf from '@chorus/tfjs';
import type { Symbolic } from '../backbones/layer-calls.ts';
import type { PixelTransform } from '../preprocessing.ts';
import { fixedDense, reorder } from './fixed-dense.ts';

/**
 * Builds the layers that preprocess raw pixels in an exported model.
 *
 * @param image [N,S,S,3], RGB, 0..255.
 * @param name of the last layer; names of others start with it.
 * @returns [N,S,S,3]
 */
export function preprocessingLayers(image: Symbolic, transform: PixelTransform, name: string): Symbolic {
  const { channelOrder, divisor, offset } = transform;
  if (typeof divisor !== 'number' || typeof offset !== 'number') return channelwise(image, transform, name);
  const steps: { suffix: string; apply: (x: Symbolic, name: string) => Symbolic }[] = [];
  if (channelOrder === 'bgr') steps.push({ suffix: 'bgr', apply: (x, layer) => reorder(x, layer, bgr) });
  // Subtracting from whole numbers is exact if done before scaling, which halves the error of x × (1 / divisor) − offset.
  if (offset !== 0)
    steps.push({ suffix: 'centered', apply: (x, layer) => rescale(x, layer, { scale: 1, offset: -offset * divisor }) });
  if (divisor !== 1)
    steps.push({ suffix: 'scaled', apply: (x, layer) => rescale(x, layer, { scale: 1 / divisor, offset: 0 }) });
  const last = steps.length - 1;
  return steps.reduce((x, { suffix, apply }, index) => apply(x, index === last ? name : `${name}/${suffix}`), image);
}

// --- internal ---

/** Output channel i is input channel `bgr[i]`. */
const bgr = [2, 1, 0];

function rescale(x: Symbolic, name: string, options: { scale: number; offset: number }): Symbolic {
  return tf.layers.rescaling({ name, ...options }).apply(x) as Symbolic;
}

/** tfjs has no layer with a number per channel but a dense one. */
function channelwise(image: Symbolic, { channelOrder, divisor, offset }: PixelTransform, name: string): Symbolic {
  const [divisors, offsets] = [divisor, offset].map((one) => (typeof one === 'number' ? [one, one, one] : one));
  const order = channelOrder === 'bgr' ? bgr : [0, 1, 2];
  const kernel = order.map((_, from) => order.map((source, to) => (source === from ? 1 / divisors![to]! : 0)));
  return fixedDense(image, name, { kernel, bias: offsets!.map((one) => -one) });
}
