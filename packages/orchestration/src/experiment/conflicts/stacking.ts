import { logitStackerKinds, type StackerKind } from '@chorus/models';
import type { CalibrationSetting } from '../calibration.ts';
import { limitsMembers, type MemberLimits } from '../member-limits.ts';
import type { Stacking } from '../stacking.ts';
import type { ViewsChoice } from '../test-time-augmentation.ts';
import { type Conflict, conflictAt, repetitions } from './conflict.ts';

export interface StackingKeys extends MemberLimits {
  calibration: CalibrationSetting;
  stackers: { kinds: StackerKind[] };
  stacking: Stacking;
  testTimeAugmentation: ViewsChoice;
  timeBudgetSeconds?: number | undefined;
}

/** Conflicts between the stackers, and between the predictions that they train on and what else needs these. */
export function stackingConflicts({
  calibration,
  stackers,
  stacking,
  testTimeAugmentation,
  timeBudgetSeconds,
  ...limits
}: StackingKeys): Conflict[] {
  const kinds = ['stackers', 'kinds'];
  const hasPredictions = stacking.kind !== 'training-images';
  const because = 'because stacking of kind "training-images" leaves no image';
  return [
    ...repetitions(stackers.kinds, (index) => [...kinds, index], 'expected each stacker once'),
    ...conflictAt(
      kinds,
      stackers.kinds.some((kind) => logitStackerKinds.includes(kind))
        ? undefined
        : 'expected another stacker, such as "mean", beside "features", which is left out if no member has a frozen backbone',
    ),
    ...conflictAt(
      ['calibration'],
      hasPredictions || calibration === 'auto' || calibration === 'none'
        ? undefined
        : `expected "none" or "auto", ${because} to fit it on`,
    ),
    ...conflictAt(
      ['testTimeAugmentation'],
      hasPredictions || testTimeAugmentation !== 'auto'
        ? undefined
        : `expected another value than "auto", ${because} to choose by`,
    ),
    ...conflictAt(
      ['testTimeAugmentation'],
      timeBudgetSeconds !== undefined && testTimeAugmentation === 'auto'
        ? 'expected another value than "auto" with a time budget, which has time to fit the stackers once, not for each kind of views'
        : undefined,
    ),
    ...conflictAt(
      [limits.maxMembers === undefined ? 'maxMegabytes' : 'maxMembers'],
      hasPredictions || !limitsMembers(limits) ? undefined : `expected no limit, ${because} to select members on`,
    ),
  ];
}
