/** The page that compares several runs. */
import { basename } from 'node:path';
import { compareClassifiers, holm, wilson95 } from '@chorus/evaluation';
import type { Report, RunComparison } from '@chorus/orchestration';
import { color, seriesColor, seriesCount } from './chart.ts';
import { type Dot, dotsAndWhiskers } from './charts/dots-and-whiskers.ts';
import { figure, inBothWidths, table } from './figure.ts';
import { count, duration, gigabytes, integer, number, percent, percentRange } from './format.ts';
import { type Html, html } from './html.ts';
import { buildPage } from './page.ts';
import type { RunData } from './run-data.ts';
import type { Section } from './sections/section.ts';

/** Rows of a chart of classes. */
const mostClasses = 30;

/**
 * Builds the page.
 *
 * @param runs in the order of the comparison, at least two.
 */
export async function comparisonPage(runs: readonly RunData[], comparison: RunComparison): Promise<string> {
  const named = namedRuns(runs);
  const sameTest = comparison.sameImages || haveSameTestFiles(runs);
  const sections = [
    await accuracySection(named, sameTest),
    pairsSection(named, sameTest),
    costSection(named),
    await classesSection(named),
    membersSection(named),
    differencesSection(named, comparison),
  ].filter((section) => section !== null);
  return buildPage({
    title: `Comparison of ${count(runs.length, 'run')}`,
    kicker: html`${[...new Set(runs.map(({ report }) => report.dataset.name))].join(', ')}`,
    opening: html`<p class="verdict">${summary(named, comparison, sameTest)}</p>`,
    sections,
    footer: 'Written by Chorus. This page loads nothing and runs no script.',
  });
}

// --- internal ---

interface NamedRun extends RunData {
  title: string;
  chosen: Report['stackers'][number] | undefined;
}

/** Folder names, with their parents' where two are equal. */
function namedRuns(runs: readonly RunData[]): NamedRun[] {
  const isUnique = new Set(runs.map(({ name }) => name)).size === runs.length;
  return runs.map((run) => ({
    ...run,
    title: isUnique ? run.name : `${basename(run.folder.slice(0, -run.name.length - 1))}/${run.name}`,
    chosen: run.report.stackers.find(({ chosen }) => chosen),
  }));
}

/** Whether all runs were tested on files of the same names and labels: other seeds change the split, but not a test folder. */
function haveSameTestFiles(runs: readonly RunData[]): boolean {
  const tests = runs.map(({ report, predictions }) =>
    predictions === null
      ? null
      : predictions.paths.map((path, row) => `${path}\n${report.dataset.classes[predictions.labels[row]!]}`).join('\n'),
  );
  return tests[0] !== null && tests.every((test) => test === tests[0]);
}

function summary(runs: readonly NamedRun[], { sameImages, differences }: RunComparison, sameTest: boolean): string {
  const tested = runs.filter(({ chosen }) => chosen !== undefined);
  const best = tested.toSorted(
    (a, b) => b.chosen!.test.accuracy - a.chosen!.test.accuracy || a.chosen!.test.logLoss - b.chosen!.test.logLoss,
  )[0];
  const images = sameImages
    ? 'All runs have the same images and the same split.'
    : sameTest
      ? 'All runs were tested on the same files.'
      : 'The runs have different images or splits: their accuracies are not comparable.';
  const keys =
    differences.length === 0
      ? 'Their experiments are equal.'
      : `Their experiments differ in ${count(differences.length, 'key')}.`;
  if (best === undefined) return `No run has an ensemble. ${images} ${keys}`;
  const equal = tested.filter(({ chosen }) => chosen!.test.accuracy === best.chosen!.test.accuracy).length;
  const leader =
    equal > 1
      ? `${count(equal, 'run')} reach the highest accuracy, ${percent(best.chosen!.test.accuracy)}`
      : `${best.title} has the highest accuracy, ${percent(best.chosen!.test.accuracy)}`;
  return `${leader}. ${images} ${keys}`;
}

async function accuracySection(runs: readonly NamedRun[], sameTest: boolean): Promise<Section | null> {
  const dots = runs.flatMap(({ title, chosen, report }): Dot[] => {
    const single = report.members.find(({ name }) => name === report.bestMember)?.test;
    return [
      ...(chosen === undefined
        ? []
        : [
            {
              ...{ name: title, share: chosen.test.accuracy, interval: chosen.test.wilson95 },
              ...{ color: color.accent, filled: true },
            },
          ]),
      ...(single
        ? [
            {
              ...{ name: chosen === undefined ? title : '', share: single.accuracy, interval: single.wilson95 },
              ...{ color: color.ink, filled: false },
            },
          ]
        : []),
    ];
  });
  if (dots.length === 0) return null;
  const options = {
    label: `Accuracy of ${count(runs.length, 'run')} with 95 % intervals.`,
    axis: 'accuracy on the test images',
  };
  const body = await figure({
    chart: inBothWidths(760, (width) => dotsAndWhiskers(dots, { ...options, width })),
    legend: [
      { name: 'ensemble', series: 'accent' },
      { name: 'best member', series: 'ink' },
    ],
    caption: sameTest
      ? 'A line is the 95 % interval of the accuracy (Wilson). Runs with the same test images differ less than the intervals suggest: see the pairs below.'
      : 'A line is the 95 % interval of the accuracy (Wilson). The test images differ.',
    table: {
      columns: ['run', 'stacker', 'accuracy', '95 % interval', 'correct', 'log loss', 'best member', 'accuracy'],
      rows: runs.map(({ title, chosen, report }) => {
        const single = report.members.find(({ name }) => name === report.bestMember);
        return [
          ...[title, chosen?.kind ?? '–', percent(chosen?.test.accuracy)],
          ...[chosen === undefined ? '–' : percentRange(chosen.test.wilson95)],
          ...[chosen === undefined ? '–' : `${integer(chosen.test.correct)} of ${integer(chosen.test.count)}`],
          ...[number(chosen?.test.logLoss), single?.name ?? '–', percent(single?.test?.accuracy)],
        ];
      }),
    },
  });
  return { id: 'accuracy', title: 'Accuracy', body };
}

/** Each run against the first on the same images; null if the images differ. */
function pairsSection(runs: readonly NamedRun[], sameTest: boolean): Section | null {
  const [first, ...others] = runs;
  const reference = first!.predictions;
  if (!sameTest || reference === null) return null;
  const pairs = others.flatMap(({ title, predictions, report }) => {
    if (predictions === null || predictions.paths.join('\n') !== reference.paths.join('\n')) return [];
    const labels = Int32Array.from(reference.labels);
    const { ensemble } = predictions;
    return [{ title, ...compareClassifiers(ensemble, reference.ensemble, labels, report.dataset.classes.length) }];
  });
  if (pairs.length === 0) return null;
  const adjusted = holm(pairs.map(({ p }) => p));
  const isAdjusted = pairs.length > 1;
  const rows = pairs.map(({ title, onlyFirst, onlySecond, p }, index) => [
    ...[title, integer(onlyFirst), integer(onlySecond), pText(p)],
    ...(isAdjusted ? [pText(adjusted[index]!)] : []),
  ]);
  const columns = ['run', 'only this run is right', `only ${first!.title} is right`, 'p'];
  const body = html`<p>The ensembles on the same test images, each against that of ${first!.title}. The p-values are of the exact McNemar test${
    isAdjusted &&
    `; the last column adjusts them for the ${pairs.length} comparisons by Holm's method, so that the probability of any value below 0.05 by chance is at most 5 %`
  }.</p>
${table({ columns: isAdjusted ? [...columns, 'p, adjusted'] : columns, rows })}`;
  return { id: 'pairs', title: 'Pairs', body };
}

function pText(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

function costSection(runs: readonly NamedRun[]): Section {
  const body = table({
    columns: ['run', 'time of the run', 'memory', 'size', 'time per image', 'members'],
    rows: runs.map(({ title, report: { seconds, peakMemoryBytes, costs, members } }) => [
      ...[title, duration(seconds.total), gigabytes(peakMemoryBytes)],
      ...[costs === null ? '–' : `${number(costs.ensemble.megabytes)} MB`],
      ...[costs === null || costs.ensemble.milliseconds === null ? '–' : `${number(costs.ensemble.milliseconds)} ms`],
      members.map(({ name }) => name).join(', '),
    ]),
  });
  return { id: 'cost', title: 'Cost', body };
}

/** The recall of each class in each run; null unless all runs have the same classes. */
async function classesSection(runs: readonly NamedRun[]): Promise<Section | null> {
  const tested = runs.filter(({ chosen }) => chosen !== undefined);
  const classes = tested[0]?.report.dataset.classes ?? [];
  if (tested.length < 2 || tested.some(({ report }) => report.dataset.classes.join('\n') !== classes.join('\n')))
    return null;
  const recallOf = (run: NamedRun, label: number) => run.chosen!.test.perClass[label]!;
  const spread = (label: number) => {
    const recalls = tested.map((run) => recallOf(run, label).recall ?? 0);
    return Math.max(...recalls) - Math.min(...recalls);
  };
  const labels = classes
    .map((_, label) => label)
    .toSorted((a, b) => spread(b) - spread(a))
    .slice(0, Math.max(1, Math.floor(mostClasses / tested.length)));
  const dots = labels.flatMap((label) =>
    tested.flatMap((run, index): Dot[] => {
      const { correct, count: images } = recallOf(run, label);
      if (images === 0) return [];
      return [
        {
          ...{ name: index === 0 ? classes[label]! : '', share: correct / images, interval: wilson95(correct, images) },
          ...{ color: seriesColor(index), filled: true },
        },
      ];
    }),
  );
  if (dots.length === 0) return null;
  const options = { label: 'Recall of each class in each run with 95 % intervals.', axis: 'recall' };
  const body = await figure({
    chart: inBothWidths(760, (width) => dotsAndWhiskers(dots, { ...options, width })),
    legend: tested.map(({ title }, series) => ({ name: title, series: series % seriesCount })),
    caption:
      labels.length < classes.length
        ? `The ${labels.length} classes whose recall differs most between the runs; the table has all.`
        : 'Share of the test images of each class that is recognized.',
    table: {
      columns: ['class', ...tested.map(({ title }) => title)],
      rows: classes.map((name, label) => [name, ...tested.map((run) => percent(recallOf(run, label).recall))]),
    },
  });
  return { id: 'classes', title: 'Classes', body };
}

function membersSection(runs: readonly NamedRun[]): Section {
  const names = [...new Set(runs.flatMap(({ report }) => report.members.map(({ name }) => name)))];
  const body = table({
    columns: ['member', ...runs.map(({ title }) => title)],
    rows: names.map((name) => [
      name,
      ...runs.map(({ report }) => percent(report.members.find((member) => member.name === name)?.test?.accuracy)),
    ]),
  });
  return { id: 'members', title: 'Members', body };
}

function differencesSection(runs: readonly NamedRun[], { differences }: RunComparison): Section {
  const shown = (value: unknown): Html => html`<code>${value === undefined ? '–' : JSON.stringify(value)}</code>`;
  const body =
    differences.length === 0
      ? html`<p>The experiments are equal.</p>`
      : table({
          isText: true,
          columns: ['key', ...runs.map(({ title }) => title)],
          rows: differences.map(({ key, values }) => [key, ...values.map(shown)]),
        });
  return { id: 'differences', title: 'What differs', body };
}
