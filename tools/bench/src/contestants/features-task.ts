/** Computes the pooled features of photographs with MobileNetV2, end to end; a step reads all files once. */
export interface FeaturesTask {
  paths: readonly string[];
  /** Side of the squares, pixels. */
  inputSize: number;
  threads: number;
}
