import { type DeviceName, hasBfloat16 } from '@chorus/runtime';
import { advise, ConfigError } from '../errors.ts';
import type { Experiment } from '../experiment/schema.ts';

/**
 * Whether training steps can compute in bfloat16 on a lane.
 *
 * @param processorHasBfloat16 whether this CPU has instructions for bfloat16.
 * @throws ConfigError for bfloat16 on a device that would silently compute in float32 instead.
 */
export function usesBfloat16(
  { compile, precision }: Pick<Experiment['runtime'], 'compile' | 'precision'>,
  device: DeviceName,
  processorHasBfloat16 = hasBfloat16(),
): boolean {
  if (precision === 'float32') return false;
  const obstacle = obstacleToBfloat16(compile, device, processorHasBfloat16);
  if (obstacle === undefined) return true;
  if (precision === 'auto') return false;
  throw advise(new ConfigError(`runtime.precision cannot be bfloat16: ${obstacle}.`), { code: 'bfloat16-unavailable' });
}

// --- internal ---

function obstacleToBfloat16(compile: boolean, device: DeviceName, processorHasBfloat16: boolean): string | undefined {
  if (!compile) return 'runtime.compile is false, and only compiled steps support it';
  if (!device.startsWith('cpu:')) return `${device} is not a CPU device`;
  if (!processorHasBfloat16)
    return 'this processor lacks the instructions that oneDNN would use (avx512_bf16, amx_bf16)';
  return undefined;
}
