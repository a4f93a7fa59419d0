/** Configures TensorFlow's graph optimizer, grappler, for a function (config.proto and rewriter_config.proto, TensorFlow 2.21). */
import { RuntimeError } from '../errors.ts';
import { integer, message } from '../protobuf.ts';

export interface FunctionConfig {
  /** Whether grappler rewrites the graph: it fuses ops and reorders sums of floats. Default true. */
  optimizes?: boolean;
  /**
   * Precision of convolutions, matrix products and the arithmetic that follows them. Variables and in-place updates
   * (`ChorusAdam`, `ChorusMomentum`, `ChorusAddScaled`) stay float32; but if weights are assigned a value computed from the weights and a gradient, grappler
   * rounds the sum to the gradient's bfloat16. Default float32.
   */
  precision?: 'float32' | 'bfloat16';
}

/** @throws RuntimeError for bfloat16 without grappler, which performs the conversion. */
export function encodeFunctionConfig({ optimizes = true, precision = 'float32' }: FunctionConfig): Uint8Array {
  if (precision === 'bfloat16' && !optimizes)
    throw new RuntimeError(
      "precision: 'bfloat16' requires optimizes: true, because grappler converts the function to bfloat16.",
    );
  const rewriter = [
    ...integer(17, -1), // min_graph_nodes: small graphs too
    ...(optimizes ? [] : integer(19, 1)), // disable_meta_optimizer
    ...(precision === 'bfloat16' ? integer(31, on) : []), // auto_mixed_precision_onednn_bfloat16
  ];
  const graphOptions = [...(optimizes ? [] : message(3, integer(3, noOptimization))), ...message(10, rewriter)];
  return Uint8Array.from(message(10, graphOptions)); // graph_options { optimizer_options, rewrite_options }
}

// --- internal ---

/** RewriterConfig.Toggle.ON */
const on = 1;
/** OptimizerOptions.Level.L0 */
const noOptimization = -1;
