import { expect, it } from 'vitest';
import { mobile } from '../experiment/presets/mobile.ts';
import { resolveExperiment } from '../experiment/resolve.ts';
import { experimentDifferences } from './experiment-differences.ts';

const run = (...layers: object[]) => resolveExperiment(mobile, { stacking: { kind: 'kfold' } }, ...layers);
const withStudent = (student: object = {}) => run({ student: { backbone: 'mobilenet-v2', ...student } });

it('names the keys that differ, with a value for each experiment', () => {
  expect(experimentDifferences([run(), run({ seed: 4, recipe: { head: { epochCount: 3 } } }), run()])).toEqual([
    { key: 'seed', values: [0, 4, 0] },
    { key: 'recipe.head.epochCount', values: [run().recipe.head.epochCount, 3, run().recipe.head.epochCount] },
  ]);
  expect(experimentDifferences([run(), run()])).toEqual([]);
});

it.each<[string, object, object[]]>([
  ['by its backbone alone', {}, []],
  [
    'with what differs from the defaults',
    { temperature: 3, alpha: 1 },
    [{ key: 'student.temperature', values: [undefined, 3] }],
  ],
  ['without the keys that repeat those of the recipe', { recipe: {} }, []],
  [
    'with what differs from the recipe',
    { recipe: { head: { epochCount: 3 } } },
    [{ key: 'student.recipe.head.epochCount', values: [undefined, 3] }],
  ],
])('describes a student that the other experiment does not have %s', (_, student, others) => {
  const found = experimentDifferences([run(), withStudent(student)]);
  expect(found.toSorted((a, b) => a.key.length - b.key.length)).toEqual([
    { key: 'student.backbone', values: [undefined, 'mobilenet-v2'] },
    ...others,
  ]);
});

it("compares two students' recipes as they apply", () => {
  const { epochCount } = run().recipe.head;
  expect(experimentDifferences([withStudent(), withStudent({ recipe: {} })])).toEqual([]);
  expect(experimentDifferences([withStudent(), withStudent({ recipe: { head: { epochCount: 3 } } })])).toEqual([
    { key: 'student.recipe.head.epochCount', values: [epochCount, 3] },
  ]);
  // The defaults differ from nothing here.
  expect(experimentDifferences([withStudent(), withStudent({ temperature: 3 })])).toEqual([
    { key: 'student.temperature', values: [2, 3] },
  ]);
});

it('accepts experiments of earlier versions, without these keys', () =>
  expect(experimentDifferences([{ members: [] }, { members: [], student: null }])).toEqual([]));
