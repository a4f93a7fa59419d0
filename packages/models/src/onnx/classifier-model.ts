/** One classifier, or its frozen layers, as an ONNX model. */
import type { Classifier } from '../classifier/classifier.ts';
import { LayerGraph } from '../graph/layer-graph.ts';
import { GraphBuilder } from './graph-builder.ts';
import { addImageInput, addPreprocessing, addPreprocessingToIntegers } from './image.ts';
import { modelBytes } from './model-bytes.ts';
import { addNodes } from './network.ts';
import type { OnnxType } from './onnx-graph.ts';

/**
 * The output of a model: logits [N, outputCount], pooled features [N, featureWidth], both side by side, or the activations at a
 * cut point [N, ...shape], as in `FineTuneView.prefix`.
 */
export type ClassifierOutput = 'logits' | 'features' | 'logits-and-features' | { cut: string };

/** Names of the only input and output. */
export const classifierValues = { image: 'image', output: 'output' } as const;

/**
 * Converts a classifier to ONNX. The model takes raw pixels `image`, [N,S,S,3], RGB, 0 … 255, and returns `output`, float32.
 *
 * @param pixelType type of the pixels: `float32` for interpolated ones.
 * @returns content of an `.onnx` file; the caller keeps ownership of the classifier.
 * @throws Error for a cut point that does not exist.
 */
export function classifierModel(
  classifier: Classifier,
  output: ClassifierOutput,
  pixelType: OnnxType = 'uint8',
): Uint8Array {
  const { backbone, preprocessing, ranges } = classifier;
  const graph = new LayerGraph(classifier.model);
  const builder = new GraphBuilder();
  const image = addImageInput(builder, classifierValues.image, backbone.inputSize, pixelType);
  const preprocess = ranges === undefined ? addPreprocessing : addPreprocessingToIntegers;
  const pixels = preprocess(builder, image, preprocessing, preprocessing.name);
  const to = graph.indexOf(layerOf(output));
  const values = addNodes(builder, graph, { image: pixels, to, name: 'network', ranges });
  const value = values[to]!;
  if (output === 'logits-and-features') {
    const features = values[graph.indexOf('pooled')]!;
    builder.node('Concat', classifierValues.output, [value, features], { axis: 1 });
    const width = classifier.outputCount + classifier.featureWidth;
    builder.output({ name: classifierValues.output, type: 'float32', shape: ['N', width] });
    return modelBytes(builder.build(backbone.family));
  }
  const { shape } = graph.nodes[to]!;
  const [operator, attributes] =
    shape.length === 3 ? (['Transpose', { perm: [0, 2, 3, 1] }] as const) : (['Identity', {}] as const);
  builder.node(operator, classifierValues.output, [value], attributes);
  builder.output({ name: classifierValues.output, type: 'float32', shape: ['N', ...shape] });
  return modelBytes(builder.build(backbone.family));
}

// --- internal ---

function layerOf(output: ClassifierOutput): string {
  if (output === 'logits' || output === 'logits-and-features') return 'head';
  return output === 'features' ? 'pooled' : output.cut;
}
