export { activationRanges, type RangesModel, rangesModel } from './activation-ranges.ts';
export { type ClassifierOutput, classifierModel, classifierValues } from './classifier-model.ts';
export {
  ensembleGraph,
  imageInputName,
  memberGraph,
  memberOutputGraph,
  type OnnxMember,
  probabilitiesOutput,
} from './ensemble-graph.ts';
export { modelBytes, modelFiles, type OnnxFiles, opsetVersion } from './model-bytes.ts';
export type { OnnxGraph } from './onnx-graph.ts';
