/**
 * MobileNetV2, as `keras.applications.MobileNetV2(include_top=False)`.
 *
 * Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018, arXiv:1801.04381. Weights:
 * keras-applications, converted from TensorFlow's models repository, Apache-2.0; trained on ImageNet at 96 to 224 px.
 * Input −1..1, at least 32×32. Features: 1280, times alpha above alpha 1.
 */
import { minusOneToOne } from '../preprocessing.ts';
import type { BackboneArchitecture, BackboneVariant } from './architecture.ts';
import {
  add,
  type BorderWidths,
  batchNorm,
  conv,
  depthwiseConv,
  relu6,
  type Symbolic,
  zeroPad,
} from './layer-calls.ts';
import { publishedFile } from './published-file.ts';

export const mobilenetV2: BackboneArchitecture = {
  variants: [
    variant(0.35, { parameterCount: 410_208 }),
    variant(0.5, { parameterCount: 706_224 }),
    variant(0.75, { parameterCount: 1_382_064 }),
    variant(1, { parameterCount: 2_257_984 }),
    variant(1.3, { parameterCount: 3_766_048 }),
    variant(1.4, { parameterCount: 4_363_712 }),
  ],
  minimumInputSize: 32,
  preprocessing: minusOneToOne,
  license: 'Apache-2.0',
  topLayer: 'predictions',
  // The last convolution belongs to the last bottleneck, as in timm.
  blockOf: (layerName) =>
    /^Conv_1/.test(layerName) ? 'block_16' : (layerName.match(/^(?:expanded_conv|block_\d+)/)?.[0] ?? 'stem'),

  // Table 2 of the paper, one call per bottleneck; shapes for 224 px and width 1.
  build(image, { width, featureWidth }) {
    const scaled = (channels: number) => makeDivisible(Math.trunc(channels * width));
    let x = image; // 224×224×3
    x = conv(x, makeDivisible(32 * width), 3, 'Conv1', { strides: 2 }); // 112×112×32
    x = batchNorm(x, 'bn_Conv1', statistics);
    x = relu6(x, 'Conv1_relu');
    x = bottleneck(x, scaled(16), { name: 'expanded_conv', expansion: 1 }); // 112×112×16
    x = bottleneck(x, scaled(24), { name: 'block_1', strides: 2 }); // 56×56×24
    x = bottleneck(x, scaled(24), { name: 'block_2' });
    x = bottleneck(x, scaled(32), { name: 'block_3', strides: 2 }); // 28×28×32
    x = bottleneck(x, scaled(32), { name: 'block_4' });
    x = bottleneck(x, scaled(32), { name: 'block_5' });
    x = bottleneck(x, scaled(64), { name: 'block_6', strides: 2 }); // 14×14×64
    x = bottleneck(x, scaled(64), { name: 'block_7' });
    x = bottleneck(x, scaled(64), { name: 'block_8' });
    x = bottleneck(x, scaled(64), { name: 'block_9' });
    x = bottleneck(x, scaled(96), { name: 'block_10' }); // 14×14×96
    x = bottleneck(x, scaled(96), { name: 'block_11' });
    x = bottleneck(x, scaled(96), { name: 'block_12' });
    x = bottleneck(x, scaled(160), { name: 'block_13', strides: 2 }); // 7×7×160
    x = bottleneck(x, scaled(160), { name: 'block_14' });
    x = bottleneck(x, scaled(160), { name: 'block_15' });
    x = bottleneck(x, scaled(320), { name: 'block_16' }); // 7×7×320
    x = conv(x, featureWidth, 1, 'Conv_1', { padding: 'valid' }); // 7×7×1280
    x = batchNorm(x, 'Conv_1_bn', statistics);
    return relu6(x, 'out_relu'); // 7×7×1280
  },
};

// --- internal ---

function variant(alpha: number, { parameterCount }: { parameterCount: number }): BackboneVariant {
  // 1 → 1.0, 0.35 → 0.35
  const nameOfWidth = Number.isInteger(alpha) ? alpha.toFixed(1) : alpha;
  return {
    name: String(alpha),
    width: alpha,
    depth: 1,
    defaultInputSize: 224,
    // The paper does not scale the last layer below alpha 1.
    featureWidth: alpha > 1 ? makeDivisible(1280 * alpha) : 1280,
    parameterCount,
    weightFiles: [96, 128, 160, 192, 224].map((trainedSize) => ({
      trainedSize,
      file: publishedFile(
        'mobilenet_v2',
        `mobilenet_v2_weights_tf_dim_ordering_tf_kernels_${nameOfWidth}_${trainedSize}_no_top.h5`,
      ),
    })),
    reference: { library: 'keras', application: 'MobileNetV2', arguments: { alpha } },
  };
}

const statistics = { momentum: 0.999, epsilon: 1e-3 };

/** A 1×1 expansion, a depthwise filter and a linear 1×1 projection, with a shortcut if input and output have one shape. */
function bottleneck(
  input: Symbolic,
  filters: number,
  { name, strides = 1, expansion = 6 }: { name: string; strides?: 1 | 2; expansion?: 1 | 6 },
): Symbolic {
  const channels = input.shape[3] as number;
  let x = input;
  if (expansion > 1) {
    x = conv(x, expansion * channels, 1, `${name}_expand`);
    x = batchNorm(x, `${name}_expand_BN`, statistics);
    x = relu6(x, `${name}_expand_relu`);
  }
  if (strides === 2) x = zeroPad(x, strideTwoPadding(x), `${name}_pad`);
  x = depthwiseConv(x, 3, `${name}_depthwise`, { strides, padding: strides === 1 ? 'same' : 'valid' });
  x = batchNorm(x, `${name}_depthwise_BN`, statistics);
  x = relu6(x, `${name}_depthwise_relu`);
  x = conv(x, filters, 1, `${name}_project`);
  x = batchNorm(x, `${name}_project_BN`, statistics);
  return channels === filters && strides === 1 ? add([input, x], `${name}_add`) : x;
}

/** Keras' correct_pad for a 3×3 kernel: pads an odd side on both ends, an even side only at its end. */
function strideTwoPadding(x: Symbolic): BorderWidths {
  const [height, width] = x.shape.slice(1) as [number, number];
  const before = (side: number) => side % 2;
  return [
    [before(height), 1],
    [before(width), 1],
  ];
}

/** Rounds to the nearest multiple of 8, or to the next one if rounding down would remove more than a tenth. */
function makeDivisible(channels: number): number {
  const rounded = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
}
