import { cpus } from 'node:os';
import { processorFlags } from '@chorus/runtime';

/** Instruction sets that determine the choice of kernels, and thus the rounding of sums. */
const instructionSets = ['avx2', 'fma', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'avx512_fp16', 'amx_bf16'];

/** The processor's model and instruction sets; on processors with the same key, the same computations give the same bits. */
export function processorKey(): string {
  const flags = processorFlags();
  return [cpus()[0]?.model.trim() ?? 'unknown', ...instructionSets.filter((name) => flags.has(name))].join(' ');
}
