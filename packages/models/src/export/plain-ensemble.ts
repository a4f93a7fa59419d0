/** An ensemble built from standard tfjs layers, which loads without Chorus. */
import tf from '@chorus/tfjs';
import type { Calibration } from '../calibration/calibration.ts';
import type { Classifier } from '../classifier/classifier.ts';
import { featureMembersOf } from '../stackers/stacker.ts';
import type { StackerJson } from '../stackers/table.ts';
import type { TestTimeAugmentation } from '../views/views.ts';
import { imageOf, memberModel, memberOutput, type PlainMember, plainMember } from './plain-member.ts';
import { stackerLayers } from './stacker-layers.ts';

export interface PlainEnsemble {
  /** In the given order; each model maps images [N,S,S,3], float, 0..255, RGB, to probabilities [N, classes]. */
  members: readonly (PlainMember & { model: tf.LayersModel })[];
  /** The whole ensemble, with an input `image_<S>` for each input size S of the members that it reads, smallest first. */
  model: tf.LayersModel;
  dispose(): void;
}

/**
 * Copies an ensemble into plain layers. The models of the members and that of the whole ensemble share their networks.
 *
 * @param members in the order of the stacker's fit. A member has one classifier, or one per fold, whose logits are averaged. The
 * caller keeps ownership of the classifiers and may dispose them right after the call.
 * @param options `testTimeAugmentation`: the views of an image over which each member's logits are averaged; `calibration`: of the
 * stacker's probabilities, null for none.
 * @returns models on the current backend; the caller disposes.
 */
export function createPlainEnsemble(
  members: readonly { name: string; classifiers: readonly Classifier[] }[],
  {
    testTimeAugmentation,
    ...ensemble
  }: { testTimeAugmentation: TestTimeAugmentation; stacker: StackerJson; calibration: Calibration | null },
): PlainEnsemble {
  return allOrNothing(() => {
    const plain = members.map(({ name, classifiers }) => plainMember(name, classifiers, { testTimeAugmentation }));
    const whole = wholeModel(plain, ensemble);
    const withModels = plain.map((member) => ({ ...member, model: memberModel(member) }));
    return {
      members: withModels,
      model: whole,
      dispose() {
        // tfjs increments the reference count of a shared network at each call, so `model.dispose()` would never free it.
        const weights = [whole, ...withModels.map(({ model }) => model)].flatMap((model) => model.weights);
        for (const weight of new Set(weights)) weight.dispose();
      },
    };
  });
}

// --- internal ---

/** Disposes all variables created so far if building fails, since no model owns them yet. */
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

function wholeModel(
  members: readonly PlainMember[],
  ensemble: { stacker: StackerJson; calibration: Calibration | null },
): tf.LayersModel {
  const featureMembers = featureMembersOf(ensemble.stacker);
  const readsFeatures = featureMembers.length > 0;
  const read = readsFeatures ? featureMembers.map((index) => members[index]!) : members;
  const sizes = [...new Set(read.map(({ inputSize }) => inputSize))].sort((a, b) => a - b);
  const images = new Map(sizes.map((size) => [size, imageOf(size)]));
  const answers = read.map((member) => ({
    name: member.name,
    output: memberOutput(member, images.get(member.inputSize)!, readsFeatures ? 'features' : 'logits'),
  }));
  return tf.model({ inputs: [...images.values()], outputs: stackerLayers(ensemble, answers), name: 'ensemble' });
}
