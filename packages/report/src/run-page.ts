/** The page of one run. */
import type { Report } from '@chorus/orchestration';
import { count, duration, integer, number, percent, percentRange } from './format.ts';
import { type Html, html } from './html.ts';
import { nextSteps } from './next-steps.ts';
import { buildPage } from './page.ts';
import type { Pictures } from './pictures.ts';
import type { RunData } from './run-data.ts';
import { classesSection } from './sections/classes.ts';
import { costSection } from './sections/cost.ts';
import { dataSection } from './sections/data.ts';
import { timeSection } from './sections/lanes.ts';
import { leaderboardSection } from './sections/leaderboard.ts';
import { membersSection } from './sections/members.ts';
import { labelsSection, mistakesSection } from './sections/mistakes.ts';
import { probabilitiesSection } from './sections/probabilities.ts';
import { provenanceSection } from './sections/provenance.ts';

/** Builds the page of a run. */
export async function runPage(run: RunData, pictures: Pictures): Promise<string> {
  const { report, predictions, gradCam, epochs, startedAt, name } = run;
  const sections = [
    await leaderboardSection(report),
    costSection(report),
    await classesSection(report),
    await mistakesSection(report, { predictions, gradCam }, pictures),
    await labelsSection(report, gradCam, pictures),
    await probabilitiesSection(report, predictions),
    await membersSection(report, epochs),
    await dataSection(report, predictions, pictures),
    await timeSection(report),
    provenanceSection(run),
  ].filter((section) => section !== null);
  return buildPage({
    title: `${report.dataset.name}: ${name}`,
    kicker: html`Report of a run · preset ${String(report.experiment.preset)} · ${startedAt.toISOString().slice(0, 10)}`,
    opening: html`<p class="verdict">${report.verdict}</p>
${facts(report)}
${steps(report)}`,
    sections,
    footer: html`Written by Chorus. This page loads nothing and runs no script.`,
  });
}

// --- internal ---

function facts({ stackers, costs, seconds, dataset, lanes }: Report): Html {
  const test = stackers.find(({ chosen }) => chosen)?.test;
  return html`<dl class="facts">
${
  test &&
  html`<div><dt>accuracy</dt><dd>${percent(test.accuracy)}<small>95 %: ${percentRange(test.wilson95)}</small></dd></div>
<div><dt>log loss</dt><dd>${number(test.logLoss)}<small>AUC ${number(test.auc, 4)}</small></dd></div>`
}
<div><dt>training images</dt><dd>${integer(dataset.counts.training)}<small>${integer(dataset.counts.test)} for the test, ${count(dataset.classes.length, 'class', 'classes')}</small></dd></div>
${
  costs &&
  html`<div><dt>size</dt><dd>${number(costs.ensemble.megabytes)} MB<small>${
    costs.ensemble.milliseconds !== null && `${number(costs.ensemble.milliseconds)} ms per image`
  }</small></dd></div>`
}
<div><dt>time</dt><dd>${duration(seconds.total)}<small>on ${count(lanes.length, 'lane')}</small></dd></div>
</dl>`;
}

function steps(report: Report): Html | null {
  const found = nextSteps(report);
  if (found.length === 0) return null;
  return html`<section class="steps" aria-labelledby="next"><h2 id="next">What to do next</h2><ol>${found.map(
    ({ finding, advice, place }) =>
      html`<li><b>${finding}</b> ${advice}${place !== undefined && html` <a href="${`#${place}`}">Show</a>`}</li>`,
  )}</ol></section>`;
}
