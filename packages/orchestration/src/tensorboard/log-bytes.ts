/** Estimates the size of the logs for TensorBoard, before anything is trained. */
import { backboneMeasurements } from '@chorus/models';
import { type MemberPlan, mostConfusionClasses, type StagePlan } from '@chorus/training';
import { plannedModels, type TrainingPlan } from '../plan/plan-training.ts';

/** At most this many bytes, if each training runs to its last epoch; stages that retry after a loss that is not finite write more. */
export function logBytes(training: TrainingPlan, classCount: number): number {
  const confusion = classCount > mostConfusionClasses ? 0 : confusionBytes;
  const trainings = plannedModels(training).reduce((sum, { plan, trainings: { length } }) => {
    const stages = plan.stages.map((stage) => stageBytes(plan, stage, training.trainingCount, confusion));
    return sum + length * stages.reduce((all, bytes) => all + bytes, fileBytes);
  }, 0);
  return trainings + fileBytes + confusion + mostMistakes * mistakeBytes;
}

// --- internal ---

function stageBytes(
  { backbone }: MemberPlan,
  { trains, epochCount, batchSize }: StagePlan,
  imageCount: number,
  confusion: number,
): number {
  // Kernel and bias of the head. The layers of a backbone have at most one trained weight each, on average.
  const weightCount = 2 + (trains === 'head' ? 0 : backboneMeasurements[backbone.family].layerCount);
  const steps = Math.ceil(imageCount / batchSize) * stepBytes;
  const augmentation = augmentationTiles * 3 * backbone.inputSize ** 2;
  return epochCount * (steps + epochBytes + weightCount * histogramBytes + confusion) + augmentation;
}

/** Version, start of the session, and those of resumed parts. */
const fileBytes = 1000;
/** Loss and learning rate. */
const stepBytes = 100;
/** Losses, accuracy and learning rate. */
const epochBytes = 250;
/** 30 buckets of two numbers each, and the name of the weight. */
const histogramBytes = 650;
/** Largest picture of a confusion matrix. */
const confusionBytes = 100_000;
/** Pictures of augmented images, one for each stage: six images, as they are and in five epochs. */
const augmentationTiles = 36;
/** Most mistakes that the report lists. */
const mostMistakes = 20;
/** A mistake in the picture of all of them. */
const mistakeBytes = 110_000;
