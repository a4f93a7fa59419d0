/** Test-time augmentation, chosen by what it gains for its cost before any test image is read. */
import { type TestTimeAugmentation, viewsOf } from '@chorus/models';
import { viewKindOf } from '../experiment/test-time-augmentation.ts';
import type { ViewsReport } from '../report/views-schema.ts';
import type { Choice } from './choose.ts';
import { lossesOf, meanOf, pairedGain } from './paired-losses.ts';

/**
 * Fits and chooses a stacker on the predictions of each kind of test-time augmentation, and chooses the kind with the fewest
 * views, of several the best one, whose out-of-fold log loss is at most one standard error above the lowest. The standard error is that of the difference
 * between both kinds on the same images (the one-standard-error rule of Breiman et al., 1984, for paired losses).
 *
 * @param kinds in ascending order of the number of views.
 * @param outOfFold `labels`: class of each image; `weights`: what each image counts for, 1 if omitted.
 * @param fit as `fitAndChoose`, on the members' out-of-fold predictions of a kind.
 * @returns the chosen kind, its fit, and the section of the report.
 */
export async function chooseViews<Fitted extends Pick<Choice, 'chosenOutOfFold'>>(
  kinds: readonly TestTimeAugmentation[],
  outOfFold: { labels: Int32Array; weights?: Float64Array | undefined; classCount: number },
  fit: (kind: TestTimeAugmentation) => Promise<Fitted>,
): Promise<{ kind: TestTimeAugmentation; choice: Fitted; report: ViewsReport }> {
  const fitted: { kind: TestTimeAugmentation; choice: Fitted; losses: Float64Array }[] = [];
  for (const kind of kinds) {
    const choice = await fit(kind);
    fitted.push({ kind, choice, losses: lossesOf(choice.chosenOutOfFold, outOfFold, outOfFold.classCount) });
  }
  const best = fitted.reduce((lowest, one) => (meanOf(one.losses) < meanOf(lowest.losses) ? one : lowest));
  const compared = fitted.map((one) => {
    const { gain, standardError } = pairedGain(one.losses, best.losses);
    return { ...one, excess: gain, standardError: one === best ? 0 : standardError };
  });
  const chosen = compared
    .filter(({ excess, standardError }) => excess <= standardError)
    .reduce((first, one) => (isCheaper(one, first) ? one : first));
  return {
    kind: chosen.kind,
    choice: chosen.choice,
    report: {
      chosen: viewKindOf(chosen.kind),
      images: outOfFold.labels.length,
      candidates: compared.map(({ kind, losses, excess, standardError }) => ({
        ...{ kind: viewKindOf(kind), views: viewsOf(kind).length, logLoss: meanOf(losses), excess },
        // A single image has none.
        standardError: Number.isFinite(standardError) ? standardError : null,
      })),
    },
  };
}

// --- internal ---

interface Compared {
  kind: TestTimeAugmentation;
  excess: number;
}

function isCheaper(one: Compared, other: Compared): boolean {
  const more = viewsOf(one.kind).length - viewsOf(other.kind).length;
  return more < 0 || (more === 0 && one.excess < other.excess);
}
