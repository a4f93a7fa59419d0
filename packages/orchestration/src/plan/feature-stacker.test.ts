import type { MemberPlan, StagePlan } from '@chorus/training';
import { describe, expect, it } from 'vitest';
import { notesOnFeatureStacker, possibleStackers } from './feature-stacker.ts';

const head = { name: 'head', trains: 'head' } as StagePlan;
const fineTune = { name: 'fine-tune', trains: 'all' } as StagePlan;
const whole = { name: 'whole', trains: 'all' } as StagePlan;
const shared = { rowsPerImage: 2, predict: true } as const;

function member(name: string, stages: StagePlan[], features: MemberPlan['features'] = null) {
  return { plan: { name, stages, features } as MemberPlan };
}
const frozen = member('frozen', [head], shared);
const tuned = member('tuned', [head, fineTune], { ...shared, predict: false });

describe('the stacker features', () => {
  it.each([
    ['all members are frozen', [frozen], []],
    [
      'some are',
      [tuned, frozen],
      [/^the stacker "features" does not read all members \(tuned: the backbone is fine-tuned, .* freezes it\)$/],
    ],
    [
      'none is',
      [tuned, member('new', [whole]), member('random', [whole]), member('large', [head])],
      [
        /^the stacker "features" is left out \(tuned: .*; new, random: all layers are trained from the start, .*; large: .* do not fit into 1 GiB\)$/,
      ],
    ],
  ])('says what it leaves out if %s', (_, members, expected) => {
    const notes = notesOnFeatureStacker(['mean', 'features'], { members });
    expect(notes).toEqual(expected.map((note) => expect.stringMatching(note)));
    expect(notesOnFeatureStacker(['mean', 'dense'], { members })).toEqual([]);
  });

  it('is possible with one frozen member', () => {
    expect(possibleStackers(['mean', 'features'], [tuned, frozen])).toEqual(['mean', 'features']);
    expect(possibleStackers(['mean', 'features'], [tuned])).toEqual(['mean']);
  });
});
