import type { GradCam, Report } from '@chorus/orchestration';
import { percent } from '../format.ts';
import { type Html, html } from '../html.ts';
import type { Pictures } from '../pictures.ts';
import type { TestPredictions } from '../predictions.ts';
import { heatMaps, heatScale, mapsOf } from './heat-maps.ts';
import type { Section } from './section.ts';

/** The ensemble's most confident errors, with each member's opinion and its Grad-CAM; null if there are none. */
export async function mistakesSection(
  { mistakes, dataset, stackers }: Report,
  { predictions, gradCam }: { predictions: TestPredictions | null; gradCam: GradCam | null },
  pictures: Pictures,
): Promise<Section | null> {
  if (mistakes.length === 0) return null;
  const cards: Html[] = [];
  for (const { path, label, predicted, probability } of mistakes)
    cards.push(html`<li class="card">${await pictures.show(path)}
<div><p><b>${label}</b> taken for <b>${predicted}</b></p>
<table class="opinions">
${opinion('ensemble', probability, 'accent')}
${opinionsOf(path, dataset.classes.indexOf(predicted), dataset.classes.length, predictions)}
</table>
<p class="path">${pathText(path)}</p></div>
${await heatMaps(mapsOf(gradCam, path, predicted), pictures)}</li>\n`);
  const test = stackers.find(({ chosen }) => chosen)?.test;
  const wrong = test === undefined ? mistakes.length : test.count - test.correct;
  const body = html`<p>${
    wrong > mistakes.length
      ? `The ${mistakes.length} most confident of ${wrong} errors on the test images.`
      : 'All errors on the test images, the most confident first.'
  }
The bars are the probabilities of the wrong class that was answered: a member with a short bar disagrees.</p>
${gradCamText(gradCam, 'the wrong class that was answered')}
<ul class="cards">${cards}</ul>`;
  return { id: 'mistakes', title: 'Mistakes', body };
}

/** Images whose labels are implausible, with Grad-CAM of the test images; null without an audit. */
export async function labelsSection(
  { labelAudit }: Report,
  gradCam: GradCam | null,
  pictures: Pictures,
): Promise<Section | null> {
  if (labelAudit === null) return null;
  const sets = [
    { name: 'test', set: labelAudit.test },
    ...(labelAudit.training === null ? [] : [{ name: 'training', set: labelAudit.training }]),
  ];
  const total = sets.reduce((sum, { set }) => sum + set.implausible, 0);
  const examined = sets.reduce((sum, { set }) => sum + set.examined, 0);
  const cards: Html[] = [];
  for (const { name, set } of sets)
    for (const { path, label, suggested, probabilityOfLabel, probabilityOfSuggested } of set.worst)
      cards.push(html`<li class="card">${await pictures.show(path)}
<div><p>labeled <b>${label}</b>, looks like <b>${suggested}</b></p>
<table class="opinions">${opinion(label, probabilityOfLabel, 'muted')}${opinion(suggested, probabilityOfSuggested, 'accent')}</table>
<p class="path">${name} set: ${pathText(path)}</p></div>
${name === 'test' && (await heatMaps(mapsOf(gradCam, path, suggested), pictures))}</li>\n`);
  const body =
    total === 0
      ? html`<p>None of the ${examined} labels is implausible.</p>`
      : html`<p>Of ${examined} labels, ${total} ${total === 1 ? 'is' : 'are'} implausible by confident learning (Northcutt et al. 2021): a picture may be ambiguous, or its label wrong.
${labelAudit.note} <a href="${'label-issues.csv'}">label-issues.csv</a> lists all of them; <code>data.exclude</code> reads this file.</p>
${labelAudit.test.worst.length > 0 && gradCam !== null && gradCamText(gradCam, 'the suggested class, on test images')}
<ul class="cards">${cards}</ul>`;
  return { id: 'labels', title: 'Suspected labels', body };
}

// --- internal ---

/** How to read the heat maps, or why there are none. */
function gradCamText(gradCam: GradCam | null, which: string): Html {
  if (gradCam === null)
    return html`<p class="note">The run has no Grad-CAM maps: it is of an earlier version, or they could not be computed.</p>`;
  return html`<p>The colored pictures are heat maps by Grad-CAM (Selvaraju et al. 2017): where the ensemble and each member find evidence for ${which}.
They are coarse and scaled picture by picture: compare places, not brightness.</p>
${heatScale()}`;
}

function opinionsOf(
  path: string,
  label: number,
  classCount: number,
  predictions: TestPredictions | null,
): Html[] | null {
  const row = predictions?.rowOf.get(path);
  if (predictions === null || row === undefined || label === -1) return null;
  return [...predictions.members].map(([name, probabilities]) =>
    opinion(name, probabilities[row * classCount + label]!, 'ink'),
  );
}

/** A path that breaks after its slashes. */
function pathText(path: string): Html[] {
  return path.split('/').map((part, index) => (index === 0 ? html`${part}` : html`/<wbr>${part}`));
}

/** A row with a bar. */
function opinion(name: string, probability: number, mark: 'accent' | 'ink' | 'muted'): Html {
  const width = Math.max(0, Math.min(100, 100 * probability)).toFixed(1);
  return html`<tr><th scope="row">${name}</th><td class="bar"><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect class="track" width="100" height="8"/><rect class="fill-${mark}" width="${width}" height="8"/></svg></td><td>${percent(probability)}</td></tr>`;
}
