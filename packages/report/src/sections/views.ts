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
<p>The run averages the views of <b>${chosen}</b>: of the kinds whose ${loss} is at most one standard error above the lowest, it takes the fewest forward passes. The losses are
those of the stacker that would be chosen, on ${integer(images)} out-of-fold images; the standard error is that of the difference on the same images.</p>
${table({
  columns: ['', 'views', 'forward passes', loss, 'above the lowest', 'standard error', ''],
  rows: candidates.map(({ kind, views, logLoss, excess, standardError }) => [
    ...[kind, viewsOf[kind], integer(views), logLoss.toFixed(4), excess.toFixed(4)],
    ...[excess === 0 || standardError === null ? '–' : standardError.toFixed(4), noteOn(kind, excess, chosen)],
  ]),
})}`;
}

// --- internal ---

const viewsOf: Record<Views['chosen'], string> = {
  none: 'the image',
  mirror: 'the image and its mirror image',
  zoom: 'the image, and the mirror image of its enlarged middle',
  scales: 'the image and its middle at two scales, each mirrored, too',
  'five-crops': 'the image, its corners and its middle, each mirrored, too',
};

function noteOn(kind: Views['chosen'], excess: number, chosen: Views['chosen']): string {
  const notes = [...(kind === chosen ? ['chosen'] : []), ...(excess === 0 ? ['lowest'] : [])];
  return notes.join(', ');
}
