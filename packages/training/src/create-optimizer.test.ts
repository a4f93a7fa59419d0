import { backpropagate, createClassifier, crossEntropy } from '@chorus/models';
import { initRuntime } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createOptimizer } from './create-optimizer.ts';
import type { OptimizerPlan } from './plan.ts';

beforeAll(() => void initRuntime({ device: 'cpu:0', intraOpThreads: 1 }));

/** The largest change of any weight in each block in one step at a learning rate of 1e-3, by depth. */
function changesByDepth(plan: OptimizerPlan): number[] {
  const backbone = { family: 'mobilenet', alpha: 0.25, inputSize: 32 } as const;
  const classifier = createClassifier({ backbone, classes: ['a', 'b'], seed: 3 });
  const view = classifier.fineTuneView('all', { batchNorm: 'batch' });
  const optimizer = createOptimizer(plan, view);
  const before = view.variables.map((variable) => variable.dataSync().slice());
  tf.tidy(() => {
    const images = view.prefix(tf.randomUniform([8, 32, 32, 3], 0, 255, 'float32', 1));
    const labels = tf.tensor1d([0, 1, 0, 1, 0, 1, 0, 1], 'int32');
    const loss = () => crossEntropy(view.suffix(images, { training: true }), labels);
    optimizer.update(backpropagate(loss, view.variables).gradients, optimizer.nextStep(1e-3).rates);
  });
  const changes: number[] = [];
  for (const [index, variable] of view.variables.entries()) {
    const depth = view.depths[index]!;
    const own = variable.dataSync().map((value, at) => Math.abs(value - before[index]![at]!));
    changes[depth] = Math.max(changes[depth] ?? 0, ...own);
  }
  optimizer.dispose();
  classifier.dispose();
  return changes;
}

describe('createOptimizer', () => {
  it('without layer-wise rates, moves every block at the same rate', () => {
    const changes = changesByDepth({ kind: 'adam', weightDecay: 0 });
    expect(changes).toHaveLength(15);
    // Adam's first step moves each weight by the rate.
    for (const change of changes) expect(Math.abs(change / 1e-3 - 1)).toBeLessThan(0.01);
  });

  it('with layer-wise rates, moves each block by `layerDecay` less than the one above it', () => {
    const changes = changesByDepth({ kind: 'adam', weightDecay: 0, layerDecay: 0.7 });
    for (const [depth, change] of changes.entries())
      expect(Math.abs(change / (1e-3 * 0.7 ** depth) - 1), `depth ${depth}`).toBeLessThan(0.02);
  });

  it('creates SGD, with layer-wise rates too', () => {
    const sgd = { kind: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 0 } as const;
    const [plain, scaled] = [changesByDepth(sgd), changesByDepth({ ...sgd, layerDecay: 0.7 })];
    // Unlike Adam's, the first step moves each weight by the rate times its own gradient.
    expect(Math.max(...plain) / Math.min(...plain)).toBeGreaterThan(2);
    for (const [depth, change] of scaled.entries())
      expect(Math.abs(change / (plain[depth]! * 0.7 ** depth) - 1), `depth ${depth}`).toBeLessThan(0.02);
  });
});
