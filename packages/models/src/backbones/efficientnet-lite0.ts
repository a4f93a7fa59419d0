/**
 * EfficientNet-Lite0, as timm's `tf_efficientnet_lite0` without its classifier.
 *
 * Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019, arXiv:1905.11946; the Lite
 * variants (no squeeze-and-excitation, ReLU6, stem and last layer not scaled) are those of TensorFlow's repository `tpu`, 2020.
 * Weights: converted from there by timm, Apache-2.0; trained on ImageNet at 224 px. Input −1..1 as in timm, at least 32×32: see
 * `docs/presets.md` for the comparison with (x − 127) / 128, on which TensorFlow trained them. Features: 1280.
 */
import { minusOneToOne } from '../preprocessing.ts';
import type { BackboneArchitecture } from './architecture.ts';
import { add, batchNorm, conv, depthwiseConv, relu6, type Symbolic } from './layer-calls.ts';
import { timmFile } from './published-file.ts';

export const efficientnetLite0: BackboneArchitecture = {
  variants: [
    {
      name: '1',
      width: 1,
      depth: 1,
      defaultInputSize: 224,
      featureWidth: 1280,
      parameterCount: 3_413_024,
      weightFiles: [{ trainedSize: 224, file: timmFile('tf_efficientnet_lite0') }],
      reference: { library: 'timm', model: 'tf_efficientnet_lite0' },
    },
  ],
  minimumInputSize: 32,
  preprocessing: minusOneToOne,
  license: 'Apache-2.0',
  topLayer: 'classifier',
  // The last convolution belongs to the last bottleneck, as in timm.
  blockOf: (layerName) =>
    /^(?:conv_head|bn2)/.test(layerName) ? 'blocks.6.0' : (layerName.match(/^blocks\.\d+\.\d+/)?.[0] ?? 'stem'),

  // Table 1 of the paper without squeeze-and-excitation, one call per stage; layers have timm's names; shapes for 224 px.
  build(image) {
    let x = image; // 224×224×3
    x = conv(x, 32, 3, 'conv_stem', { strides: 2 }); // 112×112×32
    x = batchNorm(x, 'bn1', statistics);
    x = relu6(x, 'bn1.act');
    x = separableBlock(x, 16, 'blocks.0.0'); // 112×112×16
    x = stage(x, 24, 'blocks.1', { repeats: 2, kernelSize: 3, strides: 2 }); // 56×56×24
    x = stage(x, 40, 'blocks.2', { repeats: 2, kernelSize: 5, strides: 2 }); // 28×28×40
    x = stage(x, 80, 'blocks.3', { repeats: 3, kernelSize: 3, strides: 2 }); // 14×14×80
    x = stage(x, 112, 'blocks.4', { repeats: 3, kernelSize: 5, strides: 1 }); // 14×14×112
    x = stage(x, 192, 'blocks.5', { repeats: 4, kernelSize: 5, strides: 2 }); // 7×7×192
    x = stage(x, 320, 'blocks.6', { repeats: 1, kernelSize: 3, strides: 1 }); // 7×7×320
    x = conv(x, 1280, 1, 'conv_head'); // 7×7×1280
    x = batchNorm(x, 'bn2', statistics);
    return relu6(x, 'bn2.act');
  },
};

// --- internal ---

/** PyTorch's default momentum, 0.1 in its notation, and TensorFlow's epsilon. */
const statistics = { momentum: 0.9, epsilon: 1e-3 };

/** A 3×3 filter per channel, then a linear 1×1 convolution across channels. */
function separableBlock(x: Symbolic, filters: number, name: string): Symbolic {
  x = depthwiseConv(x, 3, `${name}.conv_dw`);
  x = batchNorm(x, `${name}.bn1`, statistics);
  x = relu6(x, `${name}.bn1.act`);
  x = conv(x, filters, 1, `${name}.conv_pw`);
  return batchNorm(x, `${name}.bn2`, statistics);
}

/** Bottlenecks of one width; the first one has the strides. */
function stage(
  x: Symbolic,
  filters: number,
  name: string,
  { repeats, kernelSize, strides }: { repeats: number; kernelSize: 3 | 5; strides: 1 | 2 },
): Symbolic {
  for (let block = 0; block < repeats; block += 1)
    x = bottleneck(x, filters, `${name}.${block}`, { kernelSize, strides: block === 0 ? strides : 1 });
  return x;
}

/** A 1×1 expansion, a depthwise filter and a linear 1×1 projection, with a shortcut if input and output have one shape. */
function bottleneck(
  input: Symbolic,
  filters: number,
  name: string,
  { kernelSize, strides }: { kernelSize: 3 | 5; strides: 1 | 2 },
): Symbolic {
  const channels = input.shape[3] as number;
  let x = conv(input, 6 * channels, 1, `${name}.conv_pw`);
  x = batchNorm(x, `${name}.bn1`, statistics);
  x = relu6(x, `${name}.bn1.act`);
  x = depthwiseConv(x, kernelSize, `${name}.conv_dw`, { strides });
  x = batchNorm(x, `${name}.bn2`, statistics);
  x = relu6(x, `${name}.bn2.act`);
  x = conv(x, filters, 1, `${name}.conv_pwl`);
  x = batchNorm(x, `${name}.bn3`, statistics);
  return channels === filters && strides === 1 ? add([input, x], `${name}.add`) : x;
}
