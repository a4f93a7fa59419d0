/** A member as standard tfjs layers, from raw pixels to probabilities. */
import tf from '@chorus/tfjs';
import type { Symbolic } from '../backbones/layer-calls.ts';
import type { Classifier } from '../classifier/classifier.ts';
import type { Preprocessing } from '../preprocessing.ts';
import { reorder } from './fixed-dense.ts';
import { type PlainNetwork, plainNetwork } from './plain-network.ts';
import { preprocessingLayers } from './preprocessing-layers.ts';
import { classProbabilities, meanOf } from './probability-layers.ts';

export interface PlainMember {
  name: string;
  /** One, or one per fold, whose logits are averaged. */
  networks: readonly PlainNetwork[];
  /** Side of its images in pixels. */
  inputSize: number;
  preprocessing: Preprocessing;
  /** Whether to average the logits of an image and its mirror image. */
  testTimeAugmentation: boolean;
  classCount: number;
}

/** @param classifiers one, or one per fold; all with the same backbone, preprocessing and classes. */
export function plainMember(
  name: string,
  classifiers: readonly Classifier[],
  { testTimeAugmentation }: { testTimeAugmentation: boolean },
): PlainMember {
  const { backbone, preprocessing, classes } = classifiers[0]!;
  const networks = classifiers.map((classifier, index) =>
    plainNetwork(classifier, classifiers.length === 1 ? `${name}/network` : `${name}/network_${index + 1}`),
  );
  const [inputSize, classCount] = [backbone.inputSize, classes.length];
  return { name, networks, inputSize, preprocessing, testTimeAugmentation, classCount };
}

/** Input for images [N,S,S,3], 0..255. */
export function imageOf(inputSize: number): Symbolic {
  return tf.input({ shape: [inputSize, inputSize, 3], name: `image_${inputSize}` });
}

/** Images, as for {@link imageOf} → logits [N, outputs]; may be called for several models. */
export function memberLogits(member: PlainMember, image: Symbolic): Symbolic {
  const { name, networks, inputSize, preprocessing, testTimeAugmentation } = member;
  const x = preprocessingLayers(image, preprocessing, `${name}/${preprocessing.name}`);
  const views = testTimeAugmentation ? [x, mirrored(x, `${name}/mirror`, inputSize)] : [x];
  const logits = networks.flatMap(({ model }) => views.map((view) => model.apply(view) as Symbolic));
  return meanOf(logits, `${name}/logits`);
}

/** Images, as for {@link imageOf} → class probabilities [N, classCount]. */
export function memberModel(member: PlainMember): tf.LayersModel {
  const image = imageOf(member.inputSize);
  const outputs = classProbabilities(memberLogits(member, image), member.classCount, `${member.name}/probabilities`);
  return tf.model({ inputs: image, outputs, name: member.name });
}

// --- internal ---

/** Reverses the columns. tfjs has no layer for that, but layers that swap dimensions and permute the last one. */
function mirrored(x: Symbolic, name: string, width: number): Symbolic {
  const swapped = tf.layers.permute({ name: `${name}_columns_last`, dims: [1, 3, 2] }).apply(x) as Symbolic;
  const fromRight = Array.from({ length: width }, (_, column) => width - 1 - column);
  const reversed = reorder(swapped, `${name}_reversed`, fromRight);
  return tf.layers.permute({ name: `${name}_channels_last`, dims: [1, 3, 2] }).apply(reversed) as Symbolic;
}
