/** A member as standard tfjs layers, from raw pixels to probabilities. */
import tf from '@chorus/tfjs';
import type { Symbolic } from '../backbones/layer-calls.ts';
import type { Classifier } from '../classifier/classifier.ts';
import type { Preprocessing } from '../preprocessing.ts';
import { type TestTimeAugmentation, viewsOf } from '../views/views.ts';
import { type PlainNetwork, plainFeatures, plainNetwork } from './plain-network.ts';
import { preprocessingLayers } from './preprocessing-layers.ts';
import { classProbabilities, meanOf } from './probability-layers.ts';
import { viewLayers } from './view-layers.ts';

export interface PlainMember {
  name: string;
  /** One, or one per fold, whose logits are averaged. */
  networks: readonly PlainNetwork[];
  /** Side of its images in pixels. */
  inputSize: number;
  preprocessing: Preprocessing;
  /** The views of an image whose logits are averaged. */
  testTimeAugmentation: TestTimeAugmentation;
  classCount: number;
}

/** @param classifiers one, or one per fold; all with the same backbone, preprocessing and classes. */
export function plainMember(
  name: string,
  classifiers: readonly Classifier[],
  { testTimeAugmentation }: { testTimeAugmentation: TestTimeAugmentation },
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

/**
 * Images, as for {@link imageOf} → logits [N, outputs], or pooled features [N, width] of the backbone that its networks share; may be
 * called for several models.
 */
export function memberOutput(member: PlainMember, image: Symbolic, output: 'logits' | 'features'): Symbolic {
  const { name, networks, inputSize, preprocessing, testTimeAugmentation } = member;
  const views = viewLayers(image, viewsOf(testTimeAugmentation), inputSize, `${name}/view`).map((view, index) =>
    preprocessingLayers(view, preprocessing, `${name}${index === 0 ? '' : `/view_${index + 1}`}/${preprocessing.name}`),
  );
  const models = output === 'logits' ? networks.map(({ model }) => model) : [plainFeatures(networks[0]!)];
  const outputs = models.flatMap((model) => views.map((view) => model.apply(view) as Symbolic));
  return meanOf(outputs, `${name}/${output}`);
}

/** Images, as for {@link imageOf} → class probabilities [N, classCount]. */
export function memberModel(member: PlainMember): tf.LayersModel {
  const image = imageOf(member.inputSize);
  const outputs = classProbabilities(
    memberOutput(member, image, 'logits'),
    member.classCount,
    `${member.name}/probabilities`,
  );
  return tf.model({ inputs: image, outputs, name: member.name });
}
