#!/usr/bin/env node
/**
 * Draws the leaderboard of a run as an SVG: `draw-leaderboard.mjs RUN/report.json > docs/pictures/leaderboard.svg`. Shows every
 * classifier's accuracy on the test images with its 95 % interval, the best first; all figures come from the report.
 */
import { readFileSync } from 'node:fs';

const [path] = process.argv.slice(2);
if (path === undefined) {
  console.error('usage: draw-leaderboard.mjs RUN/report.json > leaderboard.svg');
  process.exit(2);
}
const report = JSON.parse(readFileSync(path, 'utf8'));
const rows = [
  ...report.stackers.map(({ kind, chosen, test }) => ({
    ...{ name: `stack: ${kind}`, note: chosen ? 'chosen before testing' : '', isStacker: true, chosen, test },
  })),
  ...report.members
    .filter(({ test }) => test !== null)
    .map(({ name, test }) => ({
      ...{
        name,
        note: name === report.bestMember ? 'best member before testing' : '',
        isStacker: false,
        chosen: false,
        test,
      },
    })),
].toSorted((a, b) => b.test.accuracy - a.test.accuracy || a.test.logLoss - b.test.logLoss);

const width = 900;
const rowHeight = 34;
const top = 76;
const plot = { left: 180, right: 530 };
const height = top + rows.length * rowHeight + 46;
const lowest = Math.floor(100 * Math.min(...rows.map(({ test }) => test.wilson95[0])));
const xOf = (share) => plot.left + ((100 * share - lowest) / (100 - lowest)) * (plot.right - plot.left);
const percent = (share) => (100 * share).toFixed(1);
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const step = 100 - lowest > 10 ? 5 : 1;
const ticks = Array.from({ length: Math.floor((100 - lowest) / step) + 1 }, (_, index) => 100 - index * step);
const bottom = top + rows.length * rowHeight;
const grid = ticks.map((tick) => {
  const x = xOf(tick / 100).toFixed(1);
  return `<line class="grid" x1="${x}" x2="${x}" y1="${top - 8}" y2="${bottom}"/><text class="small" x="${x}" y="${bottom + 20}" text-anchor="middle">${tick} %</text>`;
});
const marks = rows.map(({ name, note, isStacker, chosen, test }, index) => {
  const y = top + (index + 0.5) * rowHeight;
  const kind = `${isStacker ? 'stacker' : 'member'}${chosen ? ' chosen' : ''}`;
  const [low, high] = test.wilson95;
  return [
    `<text class="name${chosen ? ' bold' : ''}" x="${plot.left - 18}" y="${y + 5}" text-anchor="end">${escaped(name)}</text>`,
    `<line class="bar ${kind}" x1="${xOf(low).toFixed(1)}" x2="${xOf(high).toFixed(1)}" y1="${y}" y2="${y}"/>`,
    `<circle class="${kind}" cx="${xOf(test.accuracy).toFixed(1)}" cy="${y}" r="${chosen ? 7 : 5}"/>`,
    `<text class="name" x="${plot.right + 26}" y="${y + 5}">${percent(test.accuracy)} %<tspan class="small" dx="10">${test.correct} of ${test.count}</tspan><tspan class="small" dx="10">${note}</tspan></text>`,
  ].join('\n');
});
const { training, test } = report.dataset.counts;
const title = `preset ${report.experiment.preset}: ${report.dataset.classes.join(', ')}`;
const style =
  '.page{fill:#fff;stroke:#d5dbe6}text{font-family:ui-sans-serif,system-ui,-apple-system,"Segoe UI",sans-serif;fill:#1b2a47}' +
  '.title{font-size:17px;font-weight:600}.name{font-size:14px}.bold{font-weight:700}.small{font-size:12px;fill:#5b6b88}' +
  '.grid{stroke:#e3e8f0}.bar{stroke-width:3;stroke-linecap:round}.member{stroke:#8d99ae;fill:#8d99ae}.stacker{stroke:#3f6fd8;fill:#3f6fd8}' +
  '.chosen{stroke:#1d9a6c;fill:#1d9a6c}' +
  '@media (prefers-color-scheme:dark){.page{fill:#0d1117;stroke:#30363d}text{fill:#e6edf3}.small{fill:#9aa7b8}.grid{stroke:#252c36}}';
process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>Accuracy of every classifier of a run on ${test} test images, with 95 % intervals</title>
<style>${style}</style>
<rect class="page" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10"/>
<text class="title" x="24" y="32">${escaped(title)}</text>
<text class="small" x="24" y="52">${training} training images, ${test} test images; accuracy on the test images with its 95 % interval (Wilson)</text>
${grid.join('\n')}
${marks.join('\n')}
</svg>
`);
