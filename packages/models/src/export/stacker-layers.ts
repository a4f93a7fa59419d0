/** Stackers as layers behind the members' logits; the same numbers as `Stacker.predict`, in 32 bits. */
import * as tf from '@tensorflow/tfjs';
import type { Symbolic } from '../backbones/layer-calls.ts';
import { DenseNetwork } from '../stackers/dense-network.ts';
import { outputsPerImage } from '../stackers/outputs.ts';
import type { StackerJson } from '../stackers/stacker.ts';
import { fixedDense } from './fixed-dense.ts';
import { classProbabilities, meanOf } from './probability-layers.ts';

/**
 * @param members in the order of the stacker's fit: logits [N, outputs].
 * @returns class probabilities [N, classCount].
 */
export function stackerLayers(json: StackerJson, members: readonly { name: string; logits: Symbolic }[]): Symbolic {
  const { classCount } = json;
  const outputCount = outputsPerImage(classCount);
  switch (json.kind) {
    case 'mean':
      return meanOf(
        members.map(({ name, logits }) => classProbabilities(logits, classCount, `${name}/probabilities`)),
        'probabilities',
      );
    case 'logistic': {
      const combined = fixedDense(sideBySide(members), 'combined', logisticNumbers(json.coefficients, members.length));
      return classProbabilities(combined, classCount, 'probabilities');
    }
    case 'dense': {
      const activation = outputCount === 1 ? 'sigmoid' : 'softmax';
      const shares = members.map(({ name, logits }) => ({
        name,
        logits: tf.layers.activation({ name: `${name}/shares`, activation }).apply(logits) as Symbolic,
      }));
      const network = new DenseNetwork(members.length * outputCount, outputCount, Float64Array.from(json.weights));
      const hidden = fixedDense(sideBySide(shares), 'hidden', {
        kernel: rows(network.hiddenKernel, DenseNetwork.hiddenCount),
        bias: Array.from(network.hiddenBias),
        activation: 'relu',
      });
      const combined = fixedDense(hidden, 'combined', {
        kernel: rows(network.outputKernel, outputCount),
        bias: Array.from(network.outputBias),
      });
      return classProbabilities(combined, classCount, 'probabilities');
    }
  }
}

// --- internal ---

/** [N, members × outputs] */
function sideBySide(members: readonly { logits: Symbolic }[]): Symbolic {
  const xs = members.map(({ logits }) => logits);
  return xs.length === 1 ? xs[0]! : (tf.layers.concatenate({ name: 'members' }).apply(xs) as Symbolic);
}

/** Each class's logit is made of the members' logits of that class alone, so most of the kernel is 0. */
function logisticNumbers(coefficients: readonly number[], memberCount: number) {
  const byOutput = rows(coefficients, memberCount + 1);
  const kernel = Array.from({ length: memberCount }, (_, member) =>
    byOutput.map((_, row) => byOutput.map((own, output) => (row === output ? own[member]! : 0))),
  ).flat();
  return { kernel, bias: byOutput.map((own) => own[memberCount]!) };
}

function rows(numbers: ArrayLike<number>, length: number): number[][] {
  const all = Array.from(numbers);
  return Array.from({ length: all.length / length }, (_, row) => all.slice(row * length, (row + 1) * length));
}
