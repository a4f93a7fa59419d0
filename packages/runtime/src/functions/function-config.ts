/** How TensorFlow's optimizer, grappler, treats a function: a ConfigProto, config.proto and rewriter_config.proto of TensorFlow 2.21. */
import { RuntimeError } from '../errors.ts';
import { integer, message } from '../protobuf.ts';

export interface FunctionConfig {
  /** Whether grappler rewrites the graph: it fuses ops and reorders sums of floats. Default true. */
  optimizes?: boolean;
  /**
   * What convolutions and matrix products compute in, and arithmetic behind them. Variables are float32, and so is a change
   * in place (`ChorusAdam`); but where weights are assigned what is composed of them and a gradient, grappler rounds the sum
   * to the gradient's bfloat16. Default float32.
   */
  precision?: 'float32' | 'bfloat16';
}

/** @throws RuntimeError for bfloat16 without grappler, which is what brings it in. */
export function encodeFunctionConfig({ optimizes = true, precision = 'float32' }: FunctionConfig): Uint8Array {
  if (precision === 'bfloat16' && !optimizes)
    throw new RuntimeError('A function computes in bfloat16 by grappler, which optimizes: false takes away.');
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
