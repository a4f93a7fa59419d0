import { expect, it } from 'vitest';
import { caseText } from './table.ts';

it('prints medians with ranges, ratios with verdicts, and the contestants', () => {
  const text = caseText({
    title: 'MobileNetV2, batch 32, 224 px',
    contestants: { Chorus: { versions: {}, parameterCount: 2223872, stepSeconds: 1 } },
    measurements: [
      { contestant: 'Chorus', quantity: 'step', unit: 's', samples: [1, 1.25, 2] },
      { contestant: 'Chorus', quantity: 'peak memory', unit: 'MB', samples: [2800.4] },
      { contestant: 'Keras, fit', quantity: 'step', unit: 's', samples: [2, 2, 2] },
    ],
    comparisons: [
      {
        kind: 'speed',
        quantity: 'step',
        contestant: 'Chorus',
        peer: 'Keras, fit',
        ratios: [2, 1.6, 1],
        goals: [
          { bound: 'at least', ratio: 1.5 },
          { bound: 'at least', ratio: 2, stretch: true },
        ],
      },
    ],
    remarks: ['Keras, tried: fit 2.00 s'],
  });
  expect(text).toBe(
    `
MobileNetV2, batch 32, 224 px

            step, s              peak memory, MB
Chorus      1.25 (1.00 to 2.00)  2800
Keras, fit  2.00 (2.00 to 2.00)

Chorus : Keras, fit  step, speed  1.60 (1.00 to 2.00) ×  goal ≥ 1.5 holds; stretch ≥ 2 misses by 20 %

Keras, tried: fit 2.00 s
Trainable parameters, without the head: Chorus 2,223,872.
`.trim(),
  );
});
