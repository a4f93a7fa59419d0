import { expect, it } from 'vitest';
import type { ExportContents } from './description.ts';
import { readMe } from './read-me.ts';

const contents: ExportContents = {
  ...{ format: 'chorus-export', version: 1, name: 'pets', classes: ['cats', 'dogs'], resize: 'pillow' },
  ...{ shrinkOnLoad: false, testTimeAugmentation: true, student: false },
  ensemble: {
    stacker: 'mean',
    calibration: null,
    inputs: [{ name: 'image', size: 32 }],
    tfjs: 'tfjs/ensemble/model.json',
  },
  members: [{ name: 'slim', inputSize: 32, preprocessing: 'minus-one-to-one', tfjs: 'tfjs/members/slim/model.json' }],
};

it('says whether the probabilities are those for equally frequent classes', () => {
  expect(readMe({ ...contents, balancesClasses: true })).toContain(
    'The probabilities are those for equally frequent classes',
  );
  expect(readMe(contents)).not.toContain('equally frequent');
});

it('points to the predictor, which resizes as in training', () => {
  expect(readMe(contents)).toContain('`@chorus/predictor`');
});
