import type { Report } from '@chorus/orchestration';
import { table } from '../figure.ts';
import { integer } from '../format.ts';
import { type Html, html } from '../html.ts';

type Views = NonNullable<Report['testTimeAugmentation']>;

/** The choice of test-time augmentation; null if the experiment sets it. */
export function viewsChoice({ testTimeAugmentation, imbalance }: Report): Html | null {
  if (testTimeAugmentation === null) return null;
  const { chosen, images, candidates } = testTimeAugmentation;
  const loss = imbalance === null || imbalance.remedy.kind === 'none' ? 'log loss' : 'balanced log loss';
  return html`<h3>Test-time augmentation</h3>
<p>The run averages the views of <b>${chosen}</b>: ${viewsOf[chosen]}. Of the kinds whose ${loss} is at most one standard error above the lowest, it is the one with the
fewest forward passes. The losses are those of the stacker that would be chosen, on ${integer(images)} out-of-fold images; the standard error is that of the difference on the same images.</p>
${table({
  columns: ['', 'passes', loss, 'above the lowest', ''],
  rows: candidates.map(({ kind, views, logLoss, excess, standardError }) => [
    ...[kind, integer(views), logLoss.toFixed(4)],
    excess === 0 ? 'lowest' : `${excess.toFixed(4)} ± ${standardError === null ? '–' : standardError.toFixed(4)}`,
    kind === chosen ? 'chosen' : '',
  ]),
})}`;
}

// --- internal ---

const viewsOf: Record<Views['chosen'], string> = {
  none: 'the image',
  mirror: 'the image and its mirror image',
  zoom: 'the image and the mirror image of its enlarged middle',
  scales: 'the image, its middle at two scales, and their mirror images',
  'five-crops': 'the image, its corners, its middle, and their mirror images',
};
