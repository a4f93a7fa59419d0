import type { PlannedStage, RunPlan } from '@chorus/orchestration';
import { durationRange } from './check-summary.ts';
import { imbalanceLine } from './imbalance-line.ts';
import { printable } from './printable.ts';
import { table } from './table.ts';

/** What `chorus train --dry-run` prints. */
export function planSummary({
  plan,
  lanes,
  folder,
  memoryBytes,
  diskBytes,
  seconds,
  timeBudgetLines = [],
}: RunPlan): string {
  const { student } = plan;
  const models = student === undefined ? plan.members : [...plan.members, student];
  return [
    table([
      ['member', 'backbone', 'weights', 'trainings', 'lane'],
      ...models.map(({ plan: member, trainings, pinnedTo }) => [
        member.name,
        `${member.backbone.family} ${member.backbone.alpha}, ${member.backbone.inputSize} px`,
        member.weights.kind === 'random' ? 'random' : printable(member.weights.path.split(/[/\\]/).at(-1)!),
        trainings.length === 1 ? '1' : `${trainings.length}${member.features === null ? '' : ', shared features'}`,
        pinnedTo === null ? 'any' : (lanes[pinnedTo] ?? 'none'),
      ]),
    ]),
    '',
    table([
      ['member', 'stage', 'trains', 'epochs', 'rate', 'optimizer', 'batch', 'augmentation', 'precision'],
      ...models.flatMap(({ plan: member }) => member.stages.map((stage) => [member.name, ...stageCells(stage)])),
    ]),
    '',
    `images: ${plan.trainingCount} to train and tune on, ${plan.testCount} to test`,
    ...(plan.imbalance === undefined ? [] : [imbalanceLine(plan.imbalance)]),
    `stackers: ${plan.stackers.kinds.join(', ')}`,
    ...(student === undefined ? [] : [studentText(student.plan)]),
    ...(plan.flaws.length === 0 ? [] : [`flaws: ${plan.flaws.map(({ name }) => name).join(', ')}`]),
    `lanes: ${lanes.join(', ')}`,
    `memory: about ${gigabytes(memoryBytes)} at most; disk: ${gigabytes(diskBytes)}`,
    `time: ${durationRange(seconds)}, without decoding`,
    ...(timeBudgetLines.length === 0
      ? []
      : [...timeBudgetLines, 'a run ranks the members first, which may change the choice']),
    `run folder: ${printable(folder)} (not created)`,
  ].join('\n');
}

// --- internal ---

function studentText({ stages }: NonNullable<RunPlan['plan']['student']>['plan']): string {
  const { temperature, labelShare } = stages[0]!.loss.distillation!;
  return `student: learns from the ensemble's out-of-fold probabilities (temperature ${temperature}, share of the labels ${labelShare})`;
}

function stageCells({
  name,
  trains,
  epochCount,
  stopping,
  learningRate,
  optimizer,
  batchSize,
  microBatchSize,
  augmentation,
  cachedCopies,
  precision,
}: PlannedStage): string[] {
  return [
    name,
    rangeCell(trains),
    epochsCell(epochCount, stopping),
    learningRate.kind === 'constant' ? String(learningRate.value) : `${learningRate.value}, ${learningRate.kind}`,
    optimizerCell(optimizer),
    microBatchSize === undefined ? String(batchSize) : `${batchSize}, ${microBatchSize} at once`,
    [
      augmentation.kind === 'random' ? augmentationCell(augmentation) : augmentation.kind,
      ...(cachedCopies ? [`${cachedCopies.count} cached copies: ${augmentationCell(cachedCopies.augmentation)}`] : []),
    ].join('; '),
    precision,
  ];
}

function rangeCell(trains: PlannedStage['trains']): string {
  if (typeof trains === 'string') return trains;
  if ('lastBlocks' in trains) return trains.lastBlocks === 1 ? 'last block' : `last ${trains.lastBlocks} blocks`;
  return 'lastLayers' in trains ? `last ${trains.lastLayers} layers` : trains.behind;
}

function epochsCell(epochCount: number, stopping: PlannedStage['stopping']): string {
  if (stopping.keeps === 'last') return `${epochCount}`;
  const soup = stopping.keeps === 'soup' ? `, soup of up to ${stopping.mostEpochs}` : '';
  return `${epochCount} at most, patience ${stopping.patience}${soup}`;
}

/** Names the optimizer, and what is on. */
function optimizerCell(optimizer: PlannedStage['optimizer']): string {
  const { kind, weightDecay, layerDecay, clipNorm, emaMomentum } = optimizer;
  return [
    kind,
    ...(kind === 'sgd' ? [`${optimizer.nesterov ? 'Nesterov momentum' : 'momentum'} ${optimizer.momentum}`] : []),
    ...(weightDecay === 0 ? [] : [`weight decay ${weightDecay}`]),
    ...(layerDecay === undefined ? [] : [`layer decay ${layerDecay}`]),
    ...(clipNorm === undefined ? [] : [`clip norm ${clipNorm}`]),
    ...(emaMomentum === undefined ? [] : [`EMA ${emaMomentum}`]),
  ].join(', ');
}

/** Names what changes, with the largest changes. */
function augmentationCell({ kind: _, ...settings }: Extract<PlannedStage['augmentation'], { kind: 'random' }>): string {
  const {
    flip,
    cropArea,
    rotation,
    shear,
    brightness,
    contrast,
    saturation,
    hue,
    gray,
    blur,
    erase,
    mixup,
    cutmix,
    policy,
  } = settings;
  const changesColors = [brightness, contrast, saturation, hue, gray].some((one) => one > 0);
  return [
    ...(flip ? ['flip'] : []),
    ...(cropArea < 1 ? [`crop ${cropArea}`] : []),
    ...(rotation > 0 ? [`rotation ${rotation}°`] : []),
    ...(shear > 0 ? [`shear ${shear}°`] : []),
    ...(changesColors ? ['colors'] : []),
    ...(policy === null ? [] : [policy.kind === 'trivial' ? 'TrivialAugment' : 'RandAugment']),
    ...(blur > 0 ? [`blur ${blur}`] : []),
    ...(erase > 0 ? [`erase ${erase}`] : []),
    ...(mixup > 0 ? [`mixup ${mixup}`] : []),
    ...(cutmix > 0 ? [`cutmix ${cutmix}`] : []),
  ].join(', ');
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
