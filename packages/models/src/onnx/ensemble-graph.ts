/** Members and ensembles as ONNX graphs, from raw pixels to probabilities. */
import type { Calibration } from '../calibration/calibration.ts';
import type { Classifier } from '../classifier/classifier.ts';
import { ModelError } from '../errors.ts';
import { LayerGraph } from '../graph/layer-graph.ts';
import { featureMembersOf } from '../stackers/stacker.ts';
import type { StackerJson } from '../stackers/table.ts';
import { type TestTimeAugmentation, viewsOf } from '../views/views.ts';
import { GraphBuilder, type ValueName } from './graph-builder.ts';
import { addImageInput, addPreprocessing, addPreprocessingToIntegers, addViews } from './image.ts';
import { addNetwork } from './network.ts';
import type { OnnxGraph } from './onnx-graph.ts';
import { addStacker, onnxLayers } from './stacker-layers.ts';

/** A member of an ensemble. */
export interface OnnxMember {
  /** Unique in the ensemble; a prefix for the names of its nodes. */
  name: string;
  /** One, or one per fold, whose logits are averaged; all with the same backbone, preprocessing and classes. */
  classifiers: readonly Classifier[];
}

/** Name of the only output of a member and of an ensemble. */
export const probabilitiesOutput = 'probabilities';

/** Name of the input for images of a side in pixels. */
export function imageInputName(side: number): string {
  return `image_${side}`;
}

/**
 * Converts a member to an ONNX graph. It takes raw pixels `image_<S>`, uint8 [N,S,S,3], RGB, and returns `probabilities`,
 * float32 [N, classCount].
 *
 * @param options `testTimeAugmentation`: the views of an image over which the logits are averaged.
 * @returns a graph for `modelBytes` or `modelFiles`; the caller keeps ownership of the classifiers.
 * @throws ModelError if its classifiers do not fit each other.
 */
export function memberGraph(
  member: OnnxMember,
  { testTimeAugmentation }: { testTimeAugmentation: TestTimeAugmentation },
): OnnxGraph {
  const builder = new GraphBuilder();
  const { side, classCount } = sizeOf(member);
  const image = addImageInput(builder, imageInputName(side), side);
  const logits = addMember(builder, member, image, { testTimeAugmentation, output: 'logits' });
  const probabilities = onnxLayers(builder).probabilities(logits, classCount, `${member.name}/${probabilitiesOutput}`);
  return withOutput(builder, probabilities, classCount, member.name);
}

/**
 * Converts a member to an ONNX graph of what a stacker reads of it. The graph takes raw pixels `image_<S>`, uint8 [N,S,S,3],
 * RGB, and returns `logits`, float32 [N, outputs], or `features`, float32 [N, featureWidth], of the first classifier.
 *
 * @returns a graph for `modelBytes` or `modelFiles`; the caller keeps ownership of the classifiers.
 * @throws ModelError as {@link memberGraph}.
 */
export function memberOutputGraph(
  member: OnnxMember,
  options: Parameters<typeof memberGraph>[1] & { output: 'logits' | 'features' },
): OnnxGraph {
  const builder = new GraphBuilder();
  const { side } = sizeOf(member);
  const image = addImageInput(builder, imageInputName(side), side);
  const value = addMember(builder, member, image, options);
  const { outputCount, featureWidth } = member.classifiers[0]!;
  builder.node('Identity', options.output, [value]);
  const width = options.output === 'logits' ? outputCount : featureWidth;
  builder.output({ name: options.output, type: 'float32', shape: ['N', width] });
  return builder.build(member.name);
}

/**
 * Converts an ensemble to an ONNX graph. It takes raw pixels `image_<S>`, uint8 [N,S,S,3], RGB, for each side S of the
 * members that the stacker reads, smallest first, and returns `probabilities`, float32 [N, classCount].
 *
 * @param members in the order of the stacker's fit.
 * @param options `testTimeAugmentation`: the views of an image over which each member's logits are averaged; `stacker`: as
 * `Stacker.toJSON` returns it; `calibration`: of the stacker's probabilities, null for none.
 * @returns a graph for `modelBytes` or `modelFiles`; the caller keeps ownership of the classifiers.
 * @throws ModelError if the stacker was fitted on another number of members or classes, or a member's classifiers do not fit
 * each other.
 */
export function ensembleGraph(
  members: readonly OnnxMember[],
  {
    testTimeAugmentation,
    stacker,
    calibration,
  }: { testTimeAugmentation: TestTimeAugmentation; stacker: StackerJson; calibration: Calibration | null },
): OnnxGraph {
  const { memberCount, classCount } = stacker;
  if (members.length !== memberCount)
    throw new ModelError(
      `Expected the ${memberCount} members that the stacker was fitted on, received ${members.length}.`,
    );
  const sizes = members.map((member) => ({ member, ...sizeOf(member) }));
  for (const { member, classCount: found } of sizes)
    if (found !== classCount)
      throw new ModelError(
        `Expected ${classCount} classes, on which the stacker was fitted, received ${found} of member ${member.name}.`,
      );
  const builder = new GraphBuilder();
  const featureMembers = featureMembersOf(stacker);
  const output = featureMembers.length > 0 ? 'features' : 'logits';
  const read = output === 'features' ? featureMembers.map((index) => sizes[index]!) : sizes;
  const sides = [...new Set(read.map(({ side }) => side))].sort((a, b) => a - b);
  for (const side of sides) addImageInput(builder, imageInputName(side), side);
  const outputs = read.map(({ member, side }) => ({
    name: member.name,
    output: addMember(builder, member, imageInputName(side), { testTimeAugmentation, output }),
  }));
  return withOutput(builder, addStacker(builder, { stacker, calibration }, outputs), classCount, 'ensemble');
}

// --- internal ---

/** Images → logits [N, outputs], or pooled features [N, width] of the backbone that its classifiers share. */
function addMember(
  builder: GraphBuilder,
  { name, classifiers }: OnnxMember,
  image: ValueName,
  { testTimeAugmentation, output }: { testTimeAugmentation: TestTimeAugmentation; output: 'logits' | 'features' },
): ValueName {
  const { backbone, preprocessing, outputCount, featureWidth, ranges } = classifiers[0]!;
  const views = viewsOf(testTimeAugmentation);
  const images = addViews(builder, image, views, backbone.inputSize, name);
  const preprocess = ranges === undefined ? addPreprocessing : addPreprocessingToIntegers;
  const pixels = preprocess(builder, images, preprocessing, `${name}/${preprocessing.name}`);
  const outputs = (output === 'logits' ? classifiers : classifiers.slice(0, 1)).map((classifier, index) => {
    const graph = new LayerGraph(classifier.model);
    const network = classifiers.length === 1 ? 'network' : `network_${index + 1}`;
    const to = output === 'logits' ? graph.nodes.length - 1 : graph.indexOf('pooled');
    return addNetwork(builder, graph, { image: pixels, to, name: `${name}/${network}`, ranges: classifier.ranges });
  });
  const averaged = onnxLayers(builder).mean(outputs, `${name}/mean`);
  if (views.length === 1) return averaged;
  // The rows of the images come first, then those of their second view, and so on.
  const shape = builder.integers([views.length, -1, output === 'logits' ? outputCount : featureWidth]);
  const ofViews = builder.node('Reshape', `${name}/of_views`, [averaged, shape]);
  return builder.node('ReduceMean', `${name}/${output}`, [ofViews], { axes: [0], keepdims: 0 });
}

function withOutput(builder: GraphBuilder, value: ValueName, classCount: number, name: string): OnnxGraph {
  const output = value === probabilitiesOutput ? value : builder.node('Identity', probabilitiesOutput, [value]);
  builder.output({ name: output, type: 'float32', shape: ['N', classCount] });
  return builder.build(name);
}

/** @throws ModelError unless all classifiers fit the first. */
function sizeOf({ name, classifiers }: OnnxMember): { side: number; classCount: number } {
  const [first, ...others] = classifiers;
  if (first === undefined) throw new ModelError(`Expected a classifier of member ${name}, received none.`);
  const size = { side: first.backbone.inputSize, classCount: first.classes.length };
  for (const { backbone, classes, preprocessing } of others)
    if (
      backbone.inputSize !== size.side ||
      classes.length !== size.classCount ||
      preprocessing.name !== first.preprocessing.name
    )
      throw new ModelError(
        `Expected classifiers of member ${name} with equal input size, classes and preprocessing; received ${backbone.inputSize} px, ${classes.length} classes and ${preprocessing.name} beside ${size.side} px, ${size.classCount} classes and ${first.preprocessing.name}.`,
      );
  return size;
}
