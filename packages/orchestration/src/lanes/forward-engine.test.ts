import { obstacleToOnnxruntime } from '@chorus/runtime';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import { chooseForwardEngine } from './forward-engine.ts';

const cpu = [{ device: 'cpu:0' }] as const;
const gpus = [{ device: 'gpu:0' }, { device: 'gpu:1' }] as const;

describe('chooseForwardEngine', () => {
  it.each([
    ['tensorflow', cpu],
    ['tensorflow', gpus],
    ['auto', gpus],
    ['onnxruntime', gpus],
  ] as const)('uses TensorFlow for %s on %j, without a notice', (requested, lanes) => {
    const notices: string[] = [];
    expect(chooseForwardEngine(requested, lanes, (notice) => notices.push(notice))).toBe('tensorflow');
    expect(notices).toEqual([]);
  });

  it('uses onnxruntime on CPU lanes where it runs, and otherwise gives the reason', () => {
    const obstacle = obstacleToOnnxruntime();
    const notices: string[] = [];
    const lanes = [...gpus, ...cpu];
    const choose = (requested: 'auto' | 'onnxruntime') =>
      chooseForwardEngine(requested, lanes, (notice) => notices.push(notice));
    expect(choose('auto')).toBe(obstacle === undefined ? 'onnxruntime' : 'tensorflow');
    expect(notices).toEqual(obstacle === undefined ? [] : [`Forward passes run in TensorFlow: ${obstacle}`]);
    if (obstacle === undefined) expect(choose('onnxruntime')).toBe('onnxruntime');
    else expect(() => choose('onnxruntime')).toThrow(ConfigError);
  });
});
