/** Whether TensorFlow's CPU kernels multiply in bfloat16 here. */
import { readFileSync } from 'node:fs';

/**
 * Whether this processor has instructions for bfloat16 and TensorFlow's oneDNN, which is what uses them, is not switched off.
 *
 * Without them oneDNN emulates bfloat16, in more time than float32 takes. Only on Linux and x64, as far as is known: elsewhere
 * TensorFlow comes without oneDNN's bfloat16.
 */
export function hasBfloat16(environment: NodeJS.ProcessEnv = process.env): boolean {
  if (process.platform !== 'linux' || process.arch !== 'x64' || environment.TF_ENABLE_ONEDNN_OPTS === '0') return false;
  return /^flags\s*:.*\b(avx512_bf16|amx_bf16)\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));
}
