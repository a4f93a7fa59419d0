/** Detects hardware support for bfloat16 in TensorFlow's CPU kernels. */
import { processorFlags } from './processor-flags.ts';

/**
 * Returns whether this processor has bfloat16 instructions and TensorFlow's oneDNN, which uses them, is enabled.
 *
 * Without these instructions, oneDNN emulates bfloat16, which is slower than float32. Always false except on Linux x64:
 * as far as is known, other builds of TensorFlow lack oneDNN's bfloat16.
 */
export function hasBfloat16(environment: NodeJS.ProcessEnv = process.env): boolean {
  if (process.platform !== 'linux' || process.arch !== 'x64' || environment.TF_ENABLE_ONEDNN_OPTS === '0') return false;
  const flags = processorFlags();
  return flags.has('avx512_bf16') || flags.has('amx_bf16');
}
