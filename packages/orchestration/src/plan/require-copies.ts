import { activationBudgetBytes, viewsPerImage } from '@chorus/training';
import { ConfigError } from '../errors.ts';
import { featureBytes } from './feature-bytes.ts';
import type { TrainingPlan } from './plan-training.ts';

/**
 * Checks that the features of a member's images and cached copies can be kept.
 *
 * @throws ConfigError with both sizes and the number of copies that can be kept.
 */
export function requireCopies({ members, trainingCount }: Pick<TrainingPlan, 'members' | 'trainingCount'>): void {
  for (const { plan } of members) {
    const { name, backbone, features, stages } = plan;
    const stage = stages.find(({ trains }) => trains === 'head');
    if (stage?.cachedCopies === undefined) continue;
    const { count } = stage.cachedCopies;
    const perImage = features?.rowsPerImage ?? viewsPerImage(stage.augmentation);
    const bytes = featureBytes(backbone, trainingCount, perImage + count);
    if (bytes <= activationBudgetBytes) continue;
    const possible = Math.floor(activationBudgetBytes / featureBytes(backbone, trainingCount, 1)) - perImage;
    throw new ConfigError(
      `${name}: the features of ${Math.round(trainingCount)} images with ${count} cached copies each take ${megabytes(bytes)}, more than the ${megabytes(activationBudgetBytes)} that can be kept; set recipe.cachedCopies to at most ${Math.max(0, possible)}.`,
    );
  }
}

// --- internal ---

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
