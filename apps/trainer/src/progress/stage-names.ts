import type { RunObserver } from '@chorus/orchestration';

/** What a task does in each stage, in words. */
export const stageNames: Readonly<Record<Parameters<RunObserver['onStage']>[1], string>> = {
  features: 'computing features',
  head: 'head',
  'fine-tune': 'fine-tuning',
  whole: 'all layers',
  predict: 'predicting',
  done: 'writing',
};
