import type { AugmentationPreset } from '@chorus/orchestration';
import { compare } from '../comparison.ts';
import { chorusWaysOf } from '../contestants/chorus-ways.ts';
import type { Contestant } from '../contestants/contestant-process.ts';
import { nodeCommand } from '../contestants/peers.ts';
import { pairedRounds } from '../rounds/paired-rounds.ts';
import { measurementOf } from '../rounds/rounds.ts';
import type { Row } from '../row.ts';
import { taskOf } from './model-case.ts';

const presets = ['light', 'medium', 'heavy'] as const satisfies AugmentationPreset[];

/** Largest share of a step that the augmentation may add. */
const goal = { bound: 'at most', ratio: 1.1 } as const;

export const augmentation: Row = {
  name: 'augmentation',
  title: 'a training step with augmentation, beside the same step without',
  roundCount: { whole: 15, quick: 2 },
  minutes: { whole: 4, quick: 1 },
  async *measure({ quick, roundCount, onProgress }) {
    const size = { backbone: 'mobilenet-v2', batchSize: quick ? 8 : 32, inputSize: quick ? 96 : 224 } as const;
    const task = taskOf('train', size);
    const [way] = chorusWaysOf(task);
    const nameOf = (preset: AugmentationPreset) => `Chorus, ${preset}`;
    const contestants = (['none', ...presets] as const).map(
      (preset): Contestant => ({
        name: nameOf(preset),
        command: nodeCommand('chorus'),
        task: { ...task, way, augmentation: preset },
      }),
    );
    const rounds = await pairedRounds(contestants, [], { roundCount, roundSeconds: quick ? 0.3 : 1, onProgress });
    const step = (preset: AugmentationPreset) => measurementOf(rounds, nameOf(preset), 'step');
    yield {
      title: `MobileNetV2, batch ${size.batchSize}, ${size.inputSize} px, ${way}`,
      contestants: rounds.prepared,
      measurements: rounds.measurements,
      comparisons: presets.map((preset) => compare('time', step(preset), step('none'), [goal])),
      remarks: [],
    };
  },
};
