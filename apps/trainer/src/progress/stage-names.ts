import type { RunObserver } from '@chorus/orchestration';

type Stage = Parameters<RunObserver['onStage']>[1];

/** What a task does in a stage, in words. */
export function stageText(stage: Stage): string {
  if (isUnfreezing(stage)) {
    const blocks = stage.slice('unfreeze-'.length);
    return blocks === '1' ? 'fine-tuning the last block' : `fine-tuning the last ${blocks} blocks`;
  }
  return stageNames[stage];
}

/** Where a training continues, in words. */
export function continuesText({ stage, next }: Parameters<RunObserver['onContinue']>[1]): string {
  const at = next === undefined ? '' : `, epoch ${next.epochIndex + 1}, step ${next.stepIndex + 1}`;
  return `continues with ${stageText(stage)}${at}`;
}

// --- internal ---

type Unfreezing = Extract<Stage, `unfreeze-${number}`>;

const stageNames: Readonly<Record<Exclude<Stage, Unfreezing>, string>> = {
  features: 'computing features',
  head: 'head',
  'fine-tune': 'fine-tuning',
  whole: 'all layers',
  predict: 'predicting',
  done: 'writing',
};

function isUnfreezing(stage: Stage): stage is Unfreezing {
  return stage.startsWith('unfreeze-');
}
