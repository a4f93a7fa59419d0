import { balancesClasses, type ImbalancePlan, imbalanceLimit } from '../plan/imbalance.ts';

/** What a run does about classes of unequal size; nothing if there is nothing to do. */
export function imbalanceNotice(imbalance: ImbalancePlan | undefined): string[] {
  if (imbalance === undefined) return [];
  const { classes, ratio, remedy, reason } = imbalance;
  const isBalanced = balancesClasses(imbalance);
  if (!isBalanced && ratio <= imbalanceLimit) return [];
  const sorted = classes.toSorted((a, b) => a.count - b.count);
  const [smallest, largest] = [sorted[0]!, sorted.at(-1)!];
  const counts = `${largest.count} training images of "${largest.name}" and ${smallest.count} of "${smallest.name}", ${ratio.toFixed(1)} : 1`;
  // As long as the ratio is printed as 1.0.
  if (isBalanced && ratio < 1.05) return [equalNotice(imbalance)];
  return [
    isBalanced
      ? `${counts}: ${remedy.kind} (${reason}) makes all classes count equally, at the cost of accuracy on frequent ones; "none" maximizes the accuracy on images as frequent as these`
      : `${counts}: recipe.imbalance is none, so rare classes may be recognized less often`,
  ];
}

// --- internal ---

/** A remedy where there is nothing to remedy. */
function equalNotice({ ratio, remedy, reason }: ImbalancePlan): string {
  const equal = ratio === 1 ? 'all classes have the same number' : 'all classes have about the same number';
  const effect =
    remedy.kind === 'focal'
      ? 'focal weighs no class more than another, and only gives less weight to images that are classified well'
      : `${remedy.kind} ${ratio === 1 ? 'has no effect' : 'has hardly any effect'}`;
  return `${equal} of training images: ${effect} (${reason})`;
}
