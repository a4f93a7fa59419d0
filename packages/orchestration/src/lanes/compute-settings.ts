/** What a lane computes in, of what an experiment asks for and the device can do. */
import { type BackboneFamily, backboneMeasurements } from '@chorus/models';
import { type DeviceName, hasBfloat16 } from '@chorus/runtime';
import { ConfigError } from '../errors.ts';
import type { Precision } from '../experiment/schema.ts';
import type { ComputeSettings } from '../member/prepared-function.ts';

/**
 * Settings of a lane that trains.
 *
 * @param processorHasBfloat16 whether this CPU multiplies in bfloat16.
 * @throws ConfigError for bfloat16 where steps cannot compute in it: they would be float32 without a word.
 */
export function computeSettings(
  wishes: ComputeSettings,
  device: DeviceName,
  processorHasBfloat16 = hasBfloat16(),
): ComputeSettings {
  const { compile, precision } = wishes;
  if (precision === 'float32') return { compile, precision };
  const obstacle = obstacleToBfloat16(wishes, device, processorHasBfloat16);
  if (obstacle === undefined) return { compile, precision };
  if (precision === 'auto') return { compile, precision: 'float32' };
  throw new ConfigError(
    `runtime.precision cannot be bfloat16: ${obstacle}. Let it be chosen: --set runtime.precision=auto`,
  );
}

/** What steps that train layers of a backbone compute in: with `auto` what it is faster in. */
export function trainingPrecision(
  { precision }: Pick<ComputeSettings, 'precision'>,
  family: BackboneFamily,
): Precision {
  if (precision !== 'auto') return precision;
  return backboneMeasurements[family].isFasterInBfloat16 ? 'bfloat16' : 'float32';
}

// --- internal ---

function obstacleToBfloat16(
  { compile }: ComputeSettings,
  device: DeviceName,
  processorHasBfloat16: boolean,
): string | undefined {
  if (!compile) return 'runtime.compile is false, and only compiled steps have it';
  if (!device.startsWith('cpu:')) return `${device} is no CPU device`;
  if (!processorHasBfloat16)
    return 'this processor has no instructions for it that oneDNN would use (avx512_bf16, amx_bf16)';
  return undefined;
}
