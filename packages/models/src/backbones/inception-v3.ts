/**
 * InceptionV3, as `keras.applications.InceptionV3(include_top=False)`.
 *
 * Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2015, arXiv:1512.00567. Weights:
 * keras-applications, converted from TensorFlow's models repository, Apache-2.0; trained on ImageNet at 299 px.
 * Input −1..1, at least 75×75. Features: 2048.
 */
import { minusOneToOne } from '../preprocessing.ts';
import type { BackboneArchitecture } from './architecture.ts';
import {
  averagePool,
  batchNorm,
  concatenate,
  conv,
  type KernelSize,
  maxPool,
  relu,
  type Symbolic,
} from './layer-calls.ts';
import { publishedFile } from './published-file.ts';

export const inceptionV3: BackboneArchitecture = {
  variants: [
    {
      name: '1',
      width: 1,
      depth: 1,
      defaultInputSize: 299,
      featureWidth: 2048,
      parameterCount: 21_802_784,
      weightFiles: [
        {
          trainedSize: 299,
          file: publishedFile('inception_v3', 'inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5', {
            md5: 'bcbd6486424b2319ff4ef7d526e38f63',
          }),
        },
      ],
      reference: { library: 'keras', application: 'InceptionV3', arguments: {} },
    },
  ],
  minimumInputSize: 75,
  preprocessing: minusOneToOne,
  license: 'Apache-2.0',
  unnamedInKeras: /_(conv|bn)$/,
  topLayer: 'predictions',
  blockOf: (layerName) => layerName.match(/^mixed\d+/)?.[0] ?? (/^stem_[123]/.test(layerName) ? 'stem 1' : 'stem 2'),

  // Table 1 of the paper as implemented in Keras (mixed3 and mixed8 halve the side); shapes for 299 px.
  build(image) {
    let x = image; // 299×299×3
    x = convBlock(x, 'stem_1', [32, 3, halving]); // 149×149×32
    x = convBlock(x, 'stem_2', [32, 3, { padding: 'valid' }]); // 147×147×32
    x = convBlock(x, 'stem_3', [64, 3]); // 147×147×64
    x = maxPool(x, 3, 'stem_pool_1', halving); // 73×73×64
    x = convBlock(x, 'stem_4', [80, 1]); // 73×73×80
    x = convBlock(x, 'stem_5', [192, 3, { padding: 'valid' }]); // 71×71×192
    x = maxPool(x, 3, 'stem_pool_2', halving); // 35×35×192
    x = block35(x, 'mixed0', { pooledFilters: 32 }); // 35×35×256
    x = block35(x, 'mixed1', { pooledFilters: 64 }); // 35×35×288
    x = block35(x, 'mixed2', { pooledFilters: 64 }); // 35×35×288
    x = reduction35(x, 'mixed3'); // 17×17×768
    x = block17(x, 'mixed4', { filters: 128 }); // 17×17×768
    x = block17(x, 'mixed5', { filters: 160 });
    x = block17(x, 'mixed6', { filters: 160 });
    x = block17(x, 'mixed7', { filters: 192 }); // 17×17×768
    x = reduction17(x, 'mixed8'); // 8×8×1280
    x = block8(x, 'mixed9', 'mixed9_0'); // 8×8×2048
    return block8(x, 'mixed10', 'mixed9_1'); // 8×8×2048
  },
};

// --- internal ---

/** A convolution of a branch. */
type Step = [filters: number, kernelSize: KernelSize, options?: { strides?: number; padding?: 'same' | 'valid' }];

const halving = { strides: 2, padding: 'valid' } as const;

/** Figure 5, with an unfactorized 5×5 convolution. */
function block35(x: Symbolic, name: string, { pooledFilters }: { pooledFilters: number }): Symbolic {
  const single = branch(x, `${name}_branch1x1`, [64, 1]);
  const five = branch(x, `${name}_branch5x5`, [48, 1], [64, 5]);
  const double = branch(x, `${name}_branch3x3dbl`, [64, 1], [96, 3], [96, 3]);
  return concatenate([single, five, double, pooledBranch(x, name, pooledFilters)], name);
}

/** Figure 10: convolutions and a pooling layer in parallel halve the side. */
function reduction35(x: Symbolic, name: string): Symbolic {
  const three = branch(x, `${name}_branch3x3`, [384, 3, halving]);
  const double = branch(x, `${name}_branch3x3dbl`, [64, 1], [96, 3], [96, 3, halving]);
  return concatenate([three, double, maxPool(x, 3, `${name}_branch_pool`, halving)], name);
}

/** Figure 6: 7×7 convolutions factorized into 1×7 and 7×1. */
function block17(x: Symbolic, name: string, { filters }: { filters: number }): Symbolic {
  const single = branch(x, `${name}_branch1x1`, [192, 1]);
  const seven = branch(x, `${name}_branch7x7`, [filters, 1], [filters, [1, 7]], [192, [7, 1]]);
  const there: Step[] = [
    [filters, 1],
    [filters, [7, 1]],
    [filters, [1, 7]],
  ];
  const double = branch(x, `${name}_branch7x7dbl`, ...there, [filters, [7, 1]], [192, [1, 7]]);
  return concatenate([single, seven, double, pooledBranch(x, name, 192)], name);
}

function reduction17(x: Symbolic, name: string): Symbolic {
  const three = branch(x, `${name}_branch3x3`, [192, 1], [320, 3, halving]);
  const seven = branch(x, `${name}_branch7x7x3`, [192, 1], [192, [1, 7]], [192, [7, 1]], [192, 3, halving]);
  return concatenate([three, seven, maxPool(x, 3, `${name}_branch_pool`, halving)], name);
}

/** Figure 7: two branches end in parallel 1×3 and 3×1 convolutions. */
function block8(x: Symbolic, name: string, splitName: string): Symbolic {
  const single = branch(x, `${name}_branch1x1`, [320, 1]);
  const three = split(branch(x, `${name}_branch3x3`, [384, 1]), `${name}_branch3x3_2`, splitName);
  const start = branch(x, `${name}_branch3x3dbl`, [448, 1], [384, 3]);
  const double = split(start, `${name}_branch3x3dbl_3`, `${name}_branch3x3dbl`);
  return concatenate([single, three, double, pooledBranch(x, name, 192)], name);
}

function split(x: Symbolic, name: string, concatenationName: string): Symbolic {
  const [wide, high] = [convBlock(x, `${name}a`, [384, [1, 3]]), convBlock(x, `${name}b`, [384, [3, 1]])];
  return concatenate([wide, high], concatenationName);
}

function pooledBranch(x: Symbolic, name: string, filters: number): Symbolic {
  return branch(averagePool(x, 3, `${name}_branch_pool`), `${name}_branch_pool`, [filters, 1]);
}

/** A sequence of convolutions, numbered from 1. */
function branch(x: Symbolic, name: string, ...steps: Step[]): Symbolic {
  return steps.reduce((input, step, index) => convBlock(input, `${name}_${index + 1}`, step), x);
}

function convBlock(input: Symbolic, name: string, [filters, kernelSize, options]: Step): Symbolic {
  let x = conv(input, filters, kernelSize, `${name}_conv`, options);
  x = batchNorm(x, `${name}_bn`, { scale: false });
  return relu(x, name);
}
