/** Bundles without training, whose members' predictions depend on the image as those of trained members do. */
import {
  type BackboneSpec,
  type Calibration,
  type Classifier,
  createClassifier,
  fitStacker,
  type ModelWeight,
  memberToBytes,
  type PreprocessingName,
  type StackerKind,
  type TestTimeAugmentation,
  variantOf,
} from '@chorus/models';
import tf from '@chorus/tfjs';
import { type BundleManifest, writeBundle } from '../bundle.ts';
import { studentName } from '../experiment/student.ts';
import type { RunImages } from '../run/run-images.ts';

export interface LivelyMember {
  name: string;
  backbone: BackboneSpec;
  /** The logits of several models are averaged. */
  modelCount?: number;
  preprocessing?: PreprocessingName;
}

/** Writes a bundle that depends only on the arguments. */
export async function writeLivelyBundle(
  folder: string,
  members: readonly LivelyMember[],
  {
    classes,
    testTimeAugmentation,
    chosen,
    calibration = null,
    images = { training: [], test: [] },
    student,
    resize = 'antialiased',
    background = '#000000',
  }: {
    classes: string[];
    testTimeAugmentation: TestTimeAugmentation;
    chosen: StackerKind;
    calibration?: Calibration | null;
    images?: RunImages;
    student?: BackboneSpec;
    resize?: BundleManifest['decoding']['resize'];
    background?: string;
  },
): Promise<void> {
  const save = ({ name, backbone, modelCount = 1, preprocessing }: LivelyMember) => ({
    name,
    models: Array.from({ length: modelCount }, (_, seed) => {
      const classifier = createClassifier({ backbone, classes, seed, preprocessing, dropout: 0.2 });
      enliven(classifier);
      const model = memberToBytes(classifier);
      classifier.dispose();
      return model;
    }),
  });
  const rowCount = 30;
  const outputs = classes.length === 2 ? 1 : classes.length;
  const logits = members.map((_, index) => numbers([rowCount * outputs], -2, 2, index));
  const labels = Array.from({ length: rowCount }, (_, row) => row % classes.length);
  const features = new Map(
    members.map(({ backbone }, index) => [index, numbers([rowCount * variantOf(backbone).featureWidth], 0, 1, index)]),
  );
  const stacker = fitStacker(chosen, logits, labels, { classCount: classes.length, seed: 0, features });
  await writeBundle(
    folder,
    {
      name: 'lively',
      classes,
      decoding: {
        ...{ maxPixels: 1e6, timeoutMs: 10_000, background },
        ...{ resize, shrinkOnLoad: false },
      },
      testTimeAugmentation,
      demo: true,
      chosen,
      calibration,
    },
    members.map(save),
    new Map([[chosen, stacker]]),
    images,
    student && save({ name: studentName, backbone: student }),
  );
}

/** Images [count, size, size, 3] of integers 0..255 that vary smoothly, as photographs do; the caller disposes them. */
export function livelyImages(count: number, size: number, seed: number): tf.Tensor4D {
  return tf.tidy(() => {
    const coarse = tf.randomUniform<tf.Rank.R4>([count, 3, 3, 3], 0, 255, 'float32', seed);
    return tf.image.resizeBilinear(coarse, [size, size]).round();
  });
}

// --- internal ---

/**
 * Makes predictions depend on the image, which random weights hardly do. BatchNorm gets the statistics of a batch and varied
 * weights, in ranges in which rounding errors do not grow from layer to layer.
 */
function enliven(classifier: Classifier): void {
  const ranges: Record<string, [number, number]> = { gamma: [0.5, 0.8], beta: [0.5, 1], kernel: [-0.1, 0.1] };
  for (const [index, { layerName, weightName, shape, variable }] of classifier.weights.entries()) {
    const range = ranges[weightName];
    if (range === undefined || (weightName === 'kernel' && layerName !== 'head')) continue;
    tf.tidy(() => variable.assign(tf.tensor(numbers(shape, ...range, index), [...shape])));
  }
  const view = classifier.fineTuneView('all', { batchNorm: 'batch' });
  const images = livelyImages(16, classifier.backbone.inputSize, 1);
  view.recalibrateBatchNorm([view.prefix(images)]);
  // Without this, some heads predict nearly 0 or nearly 1 for every image.
  const [kernel, bias] = classifier.weights.slice(-2) as [ModelWeight, ModelWeight];
  tf.tidy(() => {
    const { mean, variance } = tf.moments(classifier.logits(images), 0);
    const scale = tf.rsqrt(variance);
    kernel.variable.assign(tf.mul(kernel.variable, scale));
    bias.variable.assign(tf.neg(tf.mul(mean, scale)));
  });
  images.dispose();
}

function numbers(shape: readonly number[], low: number, high: number, seed: number): Float32Array {
  return tf.tidy(() => tf.randomUniform([...shape], low, high, 'float32', seed).dataSync<'float32'>());
}
