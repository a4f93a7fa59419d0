/**
 * MobileNet, as `keras.applications.MobileNet(include_top=False)`.
 *
 * Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications", 2017,
 * arXiv:1704.04861. Weights: keras-applications, converted from TensorFlow's models repository, Apache-2.0; trained on
 * ImageNet at 128 to 224 px. Input −1..1, at least 32×32. Features: 1024 × alpha.
 */
import { minusOneToOne } from '../preprocessing.ts';
import type { BackboneArchitecture, BackboneVariant } from './architecture.ts';
import { type BorderWidths, batchNorm, conv, depthwiseConv, relu6, type Symbolic, zeroPad } from './layer-calls.ts';
import { publishedFile } from './published-file.ts';

export const mobilenet: BackboneArchitecture = {
  variants: [
    variant(0.25, { parameterCount: 218_544 }),
    variant(0.5, { parameterCount: 829_536 }),
    variant(0.75, { parameterCount: 1_832_976 }),
    variant(1, { parameterCount: 3_228_864 }),
  ],
  minimumInputSize: 32,
  preprocessing: minusOneToOne,
  license: 'Apache-2.0',
  topLayer: 'conv_preds',
  blockOf: (layerName) => layerName.match(/^conv_(?:dw|pw)_(\d+)/)?.[1] ?? 'stem',

  // Table 1 of the paper; shapes for 224 px and width 1.
  build(image, { width }) {
    let x = image; // 224×224×3
    x = convBlock(x, 32 * width); // 112×112×32
    x = depthwiseBlock(x, 64 * width, { blockIndex: 1 }); // 112×112×64
    x = depthwiseBlock(x, 128 * width, { blockIndex: 2, strides: 2 }); // 56×56×128
    x = depthwiseBlock(x, 128 * width, { blockIndex: 3 });
    x = depthwiseBlock(x, 256 * width, { blockIndex: 4, strides: 2 }); // 28×28×256
    x = depthwiseBlock(x, 256 * width, { blockIndex: 5 });
    x = depthwiseBlock(x, 512 * width, { blockIndex: 6, strides: 2 }); // 14×14×512
    x = depthwiseBlock(x, 512 * width, { blockIndex: 7 });
    x = depthwiseBlock(x, 512 * width, { blockIndex: 8 });
    x = depthwiseBlock(x, 512 * width, { blockIndex: 9 });
    x = depthwiseBlock(x, 512 * width, { blockIndex: 10 });
    x = depthwiseBlock(x, 512 * width, { blockIndex: 11 });
    x = depthwiseBlock(x, 1024 * width, { blockIndex: 12, strides: 2 }); // 7×7×1024
    x = depthwiseBlock(x, 1024 * width, { blockIndex: 13 }); // 7×7×1024
    return x;
  },
};

// --- internal ---

function variant(alpha: number, { parameterCount }: { parameterCount: number }): BackboneVariant {
  // 1 → 1_0, 0.75 → 7_5, 0.5 → 5_0, 0.25 → 2_5
  const nameOfWidth = alpha === 1 ? '1_0' : (alpha * 10).toFixed(1).replace('.', '_');
  return {
    name: String(alpha),
    width: alpha,
    depth: 1,
    defaultInputSize: 224,
    featureWidth: 1024 * alpha,
    parameterCount,
    weightFiles: [128, 160, 192, 224].map((trainedSize) => ({
      trainedSize,
      file: publishedFile('mobilenet', `mobilenet_${nameOfWidth}_${trainedSize}_tf_no_top.h5`),
    })),
    reference: { library: 'keras', application: 'MobileNet', arguments: { alpha } },
  };
}

/** The padding of TensorFlow's `same` for an even side; Keras uses it for odd sides, too. */
const belowAndRight: BorderWidths = [
  [0, 1],
  [0, 1],
];

function convBlock(image: Symbolic, filters: number): Symbolic {
  let x = conv(image, filters, 3, 'conv1', { strides: 2 });
  x = batchNorm(x, 'conv1_bn');
  return relu6(x, 'conv1_relu');
}

/** A 3×3 filter per channel, then a 1×1 convolution across channels. */
function depthwiseBlock(
  x: Symbolic,
  filters: number,
  { blockIndex, strides = 1 }: { blockIndex: number; strides?: 1 | 2 },
): Symbolic {
  if (strides === 2) x = zeroPad(x, belowAndRight, `conv_pad_${blockIndex}`);
  x = depthwiseConv(x, 3, `conv_dw_${blockIndex}`, { strides, padding: strides === 1 ? 'same' : 'valid' });
  x = batchNorm(x, `conv_dw_${blockIndex}_bn`);
  x = relu6(x, `conv_dw_${blockIndex}_relu`);
  x = conv(x, filters, 1, `conv_pw_${blockIndex}`);
  x = batchNorm(x, `conv_pw_${blockIndex}_bn`);
  return relu6(x, `conv_pw_${blockIndex}_relu`);
}
