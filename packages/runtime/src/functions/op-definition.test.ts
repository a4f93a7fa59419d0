import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { useNativeBackend } from '../native-backend.fixture.ts';
import type { Binding } from '../tensorflow.ts';
import { argumentsOf, parseOpDefinition } from './op-definition.ts';

let binding: Binding;

beforeAll(() => {
  ({ binding } = useNativeBackend());
});

describe('TensorFlow’s definition of an op', () => {
  it.each<[string, boolean[], boolean]>([
    ['Add', [false, false], false],
    ['AddN', [true], false],
    ['ConcatV2', [true, false], false],
    ['Pack', [true], false],
    ['IdentityN', [true], false],
    ['SplitV', [false, false, false], false],
    ['Conv2DBackpropInput', [false, false, false], false],
    ['FusedBatchNormGradV3', [false, false, false, false, false, false], false],
    ['Placeholder', [], false],
    ['StatelessRandomUniform', [false, false], false],
    ['RandomUniform', [false], true],
    ['Multinomial', [false, false], true],
    ['ReadVariableOp', [false], true],
    ['ResourceApplyAdam', new Array(10).fill(false), true],
  ])('%s', (type, takesList, isStateful) => {
    const graph = binding.createGraph();
    try {
      expect(parseOpDefinition(binding.operationDefinition(graph, type))).toEqual({ takesList, isStateful });
    } finally {
      binding.deleteGraph(graph);
    }
  });
});

describe('inputs of an op', () => {
  const stateless = { isStateful: false };
  const numbers = fc.array(fc.nat(), { maxLength: 6 });

  it('each become an argument if the op has no list', () => {
    fc.assert(
      fc.property(numbers, (inputs) => {
        expect(argumentsOf({ ...stateless, takesList: inputs.map(() => false) }, inputs)).toEqual(inputs);
      }),
    );
  });

  it('that no other argument takes fill the list', () => {
    fc.assert(
      fc.property(numbers, numbers, numbers, (before, list, after) => {
        const takesList = [...before.map(() => false), true, ...after.map(() => false)];
        const given = argumentsOf({ ...stateless, takesList }, [...before, ...list, ...after]);
        expect(given).toEqual([...before, Int32Array.from(list), ...after]);
      }),
    );
  });

  it.each<[string, boolean[], number[]]>([
    ['too many', [false], [1, 2]],
    ['too few', [false, false], [1]],
    ['too few beside a list', [false, true, false], [1]],
    ['inputs of an op with two lists', [true, true], [1, 2]],
    ['an input of an op without arguments', [], [1]],
  ])('are rejected: %s', (_, takesList, inputs) => {
    expect(() => argumentsOf({ ...stateless, takesList }, inputs)).toThrow(
      `${inputs.length} inputs do not match ${takesList.length} arguments`,
    );
  });
});
