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
  return [
    isBalanced
      ? `${counts}: ${remedy.kind} (${reason}) makes all classes count equally, at the cost of accuracy on frequent ones; "none" maximizes the accuracy on images as frequent as these`
      : `${counts}: recipe.imbalance is none, so rare classes may be recognized less often`,
  ];
}
