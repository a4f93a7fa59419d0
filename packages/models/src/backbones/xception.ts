/**
 * Xception, as `keras.applications.Xception(include_top=False)`.
 *
 * Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", 2016, arXiv:1610.02357. Weights:
 * keras-applications, trained by the paper's author, MIT; trained on ImageNet at 299 px. Input −1..1, at least 71×71.
 * Features: 2048.
 */
import { minusOneToOne } from '../preprocessing.ts';
import type { BackboneArchitecture } from './architecture.ts';
import { add, batchNorm, conv, maxPool, relu, type Symbolic, separableConv } from './layer-calls.ts';
import { publishedFile } from './published-file.ts';

export const xception: BackboneArchitecture = {
  variants: [
    {
      name: '1',
      width: 1,
      depth: 1,
      defaultInputSize: 299,
      featureWidth: 2048,
      parameterCount: 20_861_480,
      weightFiles: [
        {
          trainedSize: 299,
          file: publishedFile('xception', 'xception_weights_tf_dim_ordering_tf_kernels_notop.h5', {
            md5: 'b0042744bf5b25fce3cb969f33bebb97',
          }),
        },
      ],
      reference: { library: 'keras', application: 'Xception', arguments: {} },
    },
  ],
  minimumInputSize: 71,
  preprocessing: minusOneToOne,
  license: 'MIT',
  unnamedInKeras: /_residual_(conv|bn)$/,
  topLayer: 'predictions',
  blockOf: (layerName) => layerName.match(/^block\d+/)![0],

  // Figure 5 of the paper; shapes for 299 px.
  build(image) {
    let x = image; // 299×299×3
    x = conv(x, 32, 3, 'block1_conv1', { strides: 2, padding: 'valid' }); // 149×149×32
    x = batchNorm(x, 'block1_conv1_bn');
    x = relu(x, 'block1_conv1_act');
    x = conv(x, 64, 3, 'block1_conv2', { padding: 'valid' }); // 147×147×64
    x = batchNorm(x, 'block1_conv2_bn');
    x = relu(x, 'block1_conv2_act');
    x = halvingBlock(x, [128, 128], 'block2', { isActivated: true }); // 74×74×128
    x = halvingBlock(x, [256, 256], 'block3'); // 37×37×256
    x = halvingBlock(x, [728, 728], 'block4'); // 19×19×728
    x = middleBlock(x, 'block5'); // 19×19×728
    x = middleBlock(x, 'block6');
    x = middleBlock(x, 'block7');
    x = middleBlock(x, 'block8');
    x = middleBlock(x, 'block9');
    x = middleBlock(x, 'block10');
    x = middleBlock(x, 'block11');
    x = middleBlock(x, 'block12'); // 19×19×728
    x = halvingBlock(x, [728, 1024], 'block13'); // 10×10×1024
    x = separable(x, 1536, 'block14_sepconv1'); // 10×10×1536
    x = relu(x, 'block14_sepconv1_act');
    x = separable(x, 2048, 'block14_sepconv2'); // 10×10×2048
    return relu(x, 'block14_sepconv2_act');
  },
};

// --- internal ---

/** Two separable convolutions and a pooling layer, with a strided 1×1 convolution as the shortcut. */
function halvingBlock(
  input: Symbolic,
  [first, second]: [number, number],
  name: string,
  { isActivated = false }: { isActivated?: boolean } = {},
): Symbolic {
  let x = input;
  if (!isActivated) x = relu(x, `${name}_sepconv1_act`);
  x = separable(x, first, `${name}_sepconv1`);
  x = relu(x, `${name}_sepconv2_act`);
  x = separable(x, second, `${name}_sepconv2`);
  x = maxPool(x, 3, `${name}_pool`, { strides: 2, padding: 'same' });
  let residual = conv(input, second, 1, `${name}_residual_conv`, { strides: 2 });
  residual = batchNorm(residual, `${name}_residual_bn`);
  return add([x, residual], `${name}_add`);
}

/** Three separable convolutions with a shortcut. */
function middleBlock(input: Symbolic, name: string): Symbolic {
  let x = input;
  for (const convolution of [1, 2, 3]) {
    x = relu(x, `${name}_sepconv${convolution}_act`);
    x = separable(x, 728, `${name}_sepconv${convolution}`);
  }
  return add([x, input], `${name}_add`);
}

function separable(x: Symbolic, filters: number, name: string): Symbolic {
  return batchNorm(separableConv(x, filters, 3, name), `${name}_bn`);
}
