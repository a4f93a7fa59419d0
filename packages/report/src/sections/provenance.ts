import { basename } from 'node:path';
import type { Report } from '@chorus/orchestration';
import { disclosure, table } from '../figure.ts';
import { type Content, type Html, html, lines } from '../html.ts';
import type { RunData } from '../run-data.ts';
import type { Section } from './section.ts';
import { trainingStages } from './training-stages.ts';

/** Where the figures come from: versions, seed, hashes, plan, settings and known flaws. */
export function provenanceSection(run: RunData): Section {
  const { report, gradCam, startedAt, folder, problems, plan, datasetFingerprint, bundleSha256 } = run;
  const { experiment, members, flaws, choices, timeBudget, stackerNotes, restarts } = report;
  const { preset, versions, seed, name: _, ...settings } = experiment;
  const body = html`${table({
    isText: true,
    columns: ['', ''],
    rows: [
      ['started', startedAt.toISOString().replace('T', ' ').slice(0, 19).concat(' UTC')],
      ['run folder', folder],
      ['preset', String(preset)],
      ['seed', String(seed)],
      ...Object.entries((versions ?? {}) as Record<string, unknown>).map(([key, value]) => [key, String(value)]),
      ...hashRow('images and their split (fingerprint)', datasetFingerprint),
      ...hashRow('bundle (SHA-256 of bundle/SHA256SUMS)', bundleSha256),
      ['test images read before the choice of the stacker', String(report.testImagesReadBeforeChoice)],
    ],
  })}
<h3>Initial weights</h3>
${table({
  isText: true,
  columns: ['member', 'source', 'SHA-256'],
  rows: members.map(({ name, weights }) => [
    ...[name, weights === null ? '–' : `${basename(weights.source)}${weights.note ? ` (${weights.note})` : ''}`],
    weights?.sha256 ? hashText(weights.sha256) : '–',
  ]),
})}
<h3 id="flaws">Known flaws</h3>
${
  flaws.length === 0
    ? html`<p>The procedure has no known flaws.</p>`
    : html`<ul>${flaws.map(({ name, description, flatters }) => html`<li><b>${name}</b>: ${description}${flatters && ' It flatters the figures.'}</li>`)}</ul>`
}
${choices.length > 0 && html`<h3>Choices of the preset</h3><ul>${choices.map((choice) => html`<li>${choice}</li>`)}</ul>`}
${stackerNotes.length > 0 && html`<h3>Stackers</h3><ul>${stackerNotes.map((note) => html`<li>${note}</li>`)}</ul>`}
${restarts.length > 0 && html`<h3>Restarts</h3><ul>${restarts.map(({ note }) => html`<li>${note}</li>`)}</ul>`}
${timeBudget !== null && html`<h3>Time budget</h3>${disclosure('What the time budget has changed', html`<pre tabindex="0">${lines(JSON.stringify(timeBudget, null, 2))}</pre>`)}`}
${problems.length > 0 && html`<h3>Not on this page</h3><ul>${problems.map((problem) => html`<li>${problem}</li>`)}</ul>`}
<h3>Settings</h3>
${disclosure('The resolved experiment', html`<pre tabindex="0">${lines(JSON.stringify(settings, null, 2))}</pre>`)}
${plan !== null && html`<h3>Plan</h3>${disclosure('Stages of each training', trainingStages(plan))}`}
<p>Files with the same numbers: ${files(report, gradCam)}.</p>`;
  return { id: 'provenance', title: 'Provenance', body };
}

// --- internal ---

function hashRow(name: string, hash: string | null): Content[][] {
  return hash === null ? [] : [[name, hashText(hash)]];
}

/** A hash that may break after each 16 digits. */
function hashText(hash: string): Html {
  return html`<code class="hash">${hash.match(/.{1,16}/g)?.map((part) => html`${part}<wbr>`)}</code>`;
}

function files({ bestMember, labelAudit }: Report, gradCam: RunData['gradCam']) {
  const names = [
    'report.json',
    'metrics.jsonl',
    'plan.json',
    ...(bestMember === null ? [] : ['predictions.csv']),
    ...(labelAudit === null ? [] : ['label-issues.csv']),
    ...(gradCam === null ? [] : ['grad-cam.json']),
  ];
  return names.map((name, index) => html`${index > 0 && ', '}<a href="${name}">${name}</a>`);
}
