import { outputsPerImage, variantOf } from '@chorus/models';
import type { MemberPlan } from '@chorus/training';
import { ConfigError } from '../errors.ts';
import { excessMegabytes, type MemberLimits } from '../experiment/member-limits.ts';
import type { PlannedMember } from './plan-training.ts';

/** Size of a member's backbone and head. */
export function modelBytes({ backbone }: Pick<MemberPlan, 'backbone'>, outputs: number): number {
  const { parameterCount, featureWidth } = variantOf(backbone);
  return (parameterCount + (featureWidth + 1) * outputs) * Float32Array.BYTES_PER_ELEMENT;
}

/**
 * Checks before the training that an ensemble can be as small as `maxMegabytes`.
 *
 * @throws ConfigError with the size of its smallest members.
 */
export function requireRoomForMembers(
  members: readonly Pick<PlannedMember, 'plan' | 'trainings'>[],
  classCount: number,
  limits: MemberLimits,
): void {
  const bytes = members.map(
    ({ plan, trainings }) =>
      modelBytes(plan, outputsPerImage(classCount)) * trainings.filter(({ keepsWeights }) => keepsWeights).length,
  );
  const needed = excessMegabytes(bytes, limits);
  if (needed !== undefined)
    throw new ConfigError(`${tooSmall(needed, limits)}. Raise maxMegabytes, or add smaller members.`);
}

/** The start of a message about members that `maxMegabytes` leaves no room for. */
export function tooSmall(neededMegabytes: number, { minMembers, maxMegabytes }: MemberLimits): string {
  return `maxMegabytes: expected at least ${(Math.ceil(10 * neededMegabytes) / 10).toFixed(1)}, the size of the ${minMembers} smallest members, received ${maxMegabytes}`;
}
