import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Instruction sets that determine the choice of kernels, and thus the rounding of sums. */
const instructionSets = ['avx2', 'fma', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'avx512_fp16', 'amx_bf16'];

/** The processor's model and instruction sets; on processors with the same key, the same computations give the same bits. */
export function processorKey(): string {
  const flags = new Set(/^flags\s*:(.*)$/m.exec(cpuInfo())?.[1]?.trim().split(' '));
  return [cpus()[0]?.model.trim() ?? 'unknown', ...instructionSets.filter((name) => flags.has(name))].join(' ');
}

// --- internal ---

/** Empty where the system does not have the file. */
function cpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}
