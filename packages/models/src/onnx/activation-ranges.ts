/** Measures the ranges of a classifier's values on images, for a graph that computes with 8-bit integers. */
import type { Classifier } from '../classifier/classifier.ts';
import { ModelError } from '../errors.ts';
import { LayerGraph } from '../graph/layer-graph.ts';
import type { ActivationRange } from '../member/manifest.ts';
import { GraphBuilder } from './graph-builder.ts';
import { addImageInput, addPreprocessing } from './image.ts';
import { modelBytes } from './model-bytes.ts';
import { addNetwork } from './network.ts';
import { quantizableValues } from './quantize-graph.ts';

/**
 * The share of images whose numbers a range contains, at each of its ends. A few unusual images would make all others less precise:
 * with the extremes of 200 photographs, the logits of Xception, EfficientNet-Lite0 and MobileNetV2 together differed from those of
 * float32 by 2.3 on average, with 0.98 by 0.22, with 0.9 by 0.20 and with 0.5 by 0.18 (100 other training photographs; 0.9 changed
 * probabilities least); those of three MobileNets by 0.11 to 0.12 with any.
 */
const imageShare = 0.9;

export interface RangesModel {
  /**
   * Content of an `.onnx` file: raw pixels of an image, `image`, uint8 [1,S,S,3], RGB → `output`, float32 [2 × values,1,1,1]: the
   * smallest number of each value, then the largest of each.
   */
  model: Uint8Array;
  /** The values, in the order of the output. */
  values: readonly string[];
}

/** Converts a classifier's backbone to a model that returns the ranges of its values; the caller keeps ownership of the classifier. */
export function rangesModel({ backbone, preprocessing, model }: Classifier): RangesModel {
  const graph = new LayerGraph(model);
  const builder = new GraphBuilder();
  const image = addImageInput(builder, 'image', backbone.inputSize);
  const pixels = addPreprocessing(builder, image, preprocessing, preprocessing.name);
  addNetwork(builder, graph, { image: pixels, to: graph.indexOf('pooled') - 1, name: 'network' });
  const prefix = 'network/';
  const names = quantizableValues(builder.build('network'), prefix);
  const ends = ['ReduceMin', 'ReduceMax'].flatMap((operator) =>
    names.map((name) => builder.node(operator, `${name}/${operator}`, [name], { keepdims: 1 })),
  );
  builder.node('Concat', 'output', ends, { axis: 0 });
  builder.output({ name: 'output', type: 'float32', shape: [ends.length, 1, 1, 1] });
  return { model: modelBytes(builder.build('ranges')), values: names.map((name) => name.slice(prefix.length)) };
}

/**
 * Combines the ranges of images.
 *
 * @param outputs of the model of {@link rangesModel}, one per image; at least one.
 * @throws ModelError for numbers that are not finite.
 */
export function activationRanges(values: readonly string[], outputs: readonly Float32Array[]): ActivationRange[] {
  return values.map((value, index) => {
    const smallest = sorted(outputs.map((output) => output[index]!));
    const largest = sorted(outputs.map((output) => output[values.length + index]!));
    const wrong = [...smallest, ...largest].find((number) => !Number.isFinite(number));
    if (wrong !== undefined) throw new ModelError(`Expected finite numbers at ${value}, received ${wrong}.`);
    const last = outputs.length - 1;
    return { value, min: smallest[Math.round(last * (1 - imageShare))]!, max: largest[Math.round(last * imageShare)]! };
  });
}

// --- internal ---

function sorted(numbers: readonly number[]): number[] {
  return numbers.toSorted((one, other) => one - other);
}
