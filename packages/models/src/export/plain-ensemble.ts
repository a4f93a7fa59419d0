/** An ensemble in layers that tfjs has itself, for whoever has nothing of ours. */
import * as tf from '@tensorflow/tfjs';
import type { Classifier } from '../classifier/classifier.ts';
import type { StackerJson } from '../stackers/table.ts';
import { imageOf, memberLogits, memberModel, type PlainMember, plainMember } from './plain-member.ts';
import { stackerLayers } from './stacker-layers.ts';

export interface PlainEnsemble {
  /** In the order given; a model takes images [N,S,S,3], float, 0..255, RGB, and gives probabilities [N, classes]. */
  members: readonly (PlainMember & { model: tf.LayersModel })[];
  /** The same of all: an input `image_<S>` for each side S that a member has, smallest first. */
  model: tf.LayersModel;
  dispose(): void;
}

/**
 * Copies an ensemble into plain layers; the networks are shared by the members' models and the whole one.
 *
 * @param members in the order of the stacker's fit; a member's classifiers (one, or those of several folds, of which the
 * logits are averaged) stay the caller's and may be disposed of right after.
 * @param options `testTimeAugmentation`: members answer with the mean of an image and its mirror image.
 * @returns models on the current backend; the caller disposes.
 */
export function createPlainEnsemble(
  members: readonly { name: string; classifiers: readonly Classifier[] }[],
  { testTimeAugmentation, stacker }: { testTimeAugmentation: boolean; stacker: StackerJson },
): PlainEnsemble {
  return allOrNothing(() => {
    const plain = members.map(({ name, classifiers }) => plainMember(name, classifiers, { testTimeAugmentation }));
    const whole = wholeModel(plain, stacker);
    const withModels = plain.map((member) => ({ ...member, model: memberModel(member) }));
    return {
      members: withModels,
      model: whole,
      dispose() {
        // tfjs counts a shared network once per call and would never let go of it.
        const weights = [whole, ...withModels.map(({ model }) => model)].flatMap((model) => model.weights);
        for (const weight of new Set(weights)) weight.dispose();
      },
    };
  });
}

// --- internal ---

/** Where building fails, the variables of what was built until then go: no model is there yet that would own them. */
function allOrNothing<T>(build: () => T): T {
  const before = new Set(Object.values(tf.engine().registeredVariables));
  try {
    return build();
  } catch (error) {
    for (const variable of Object.values(tf.engine().registeredVariables))
      if (!before.has(variable)) variable.dispose();
    throw error;
  }
}

function wholeModel(members: readonly PlainMember[], stacker: StackerJson): tf.LayersModel {
  const sizes = [...new Set(members.map(({ inputSize }) => inputSize))].sort((a, b) => a - b);
  const images = new Map(sizes.map((size) => [size, imageOf(size)]));
  const answers = members.map((member) => ({
    name: member.name,
    logits: memberLogits(member, images.get(member.inputSize)!),
  }));
  return tf.model({ inputs: [...images.values()], outputs: stackerLayers(stacker, answers), name: 'ensemble' });
}
