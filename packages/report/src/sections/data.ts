import type { Report } from '@chorus/orchestration';
import { color } from '../chart.ts';
import { bars } from '../charts/bars.ts';
import { disclosure, figure, inBothWidths, table } from '../figure.ts';
import { count, integer, listOf } from '../format.ts';
import { groupBy } from '../group-by.ts';
import { type Html, html } from '../html.ts';
import type { Pictures } from '../pictures.ts';
import type { TestPredictions } from '../predictions.ts';
import type { Section } from './section.ts';

/** Rows of a list on the page; the report has all. */
const mostRows = 100;
/** Files of a picture in the list of duplicates. */
const mostCopies = 10;
/** Pictures in several sets that are shown, and files of each. */
const mostShownGroups = 12;
const mostShownCopies = 8;
/** Pictures on a contact sheet. */
const mostPictures = 48;
const mostClasses = 40;

/** The images: how many, of which sizes, what was left out, and a sample of the training and test images. */
export async function dataSection(
  report: Report,
  predictions: TestPredictions | null,
  pictures: Pictures,
): Promise<Section> {
  const { dataset } = report;
  const { training, test } = dataset.counts;
  const [first] = dataset.counts.folds;
  const body = html`<p>${dataset.name}: ${count(dataset.classes.length, 'class', 'classes')}, ${count(training, 'training image')} and ${count(test, 'test image')};
members read them at ${listOf(dataset.inputSizes.map((size) => `${size} × ${size}`))} pixels.
Of the training images, a training fits on ${integer(first!.fit)} and decides when to stop on ${integer(first!.tune)}. ${sentence(report.stacking)}</p>
${dataset.notices.map((notice) => html`<p class="note">${notice}</p>`)}
${await classCounts(report)}
${await imageSizes(dataset)}
${dataset.sample.length > 0 && (await contactSheet('Sample of the training images', dataset.sample, pictures))}
${predictions && (await contactSheet('Sample of the test images', testSample(dataset.classes, predictions), pictures))}
${skipped(dataset)}
${duplicates(dataset)}
${await copiesAcrossSets(dataset, pictures)}`;
  return { id: 'data', title: 'Data', body };
}

// --- internal ---

function sentence(text: string): string {
  return text === '' ? '' : `${text[0]!.toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}

async function classCounts({ imbalance, stackers }: Report): Promise<Html | null> {
  const perClass = stackers[0]?.test.perClass ?? [];
  if (imbalance === null && perClass.length === 0) return null;
  const names = imbalance?.classes.map(({ name }) => name) ?? perClass.map((one) => one.class);
  const trainingOf = new Map(imbalance?.classes.map(({ name, count: images }) => [name, images]));
  const testOf = new Map(perClass.map((one) => [one.class, one.count]));
  const rows = names.map((name) => ({ name, training: trainingOf.get(name) ?? 0, test: testOf.get(name) ?? 0 }));
  const shown = rows.toSorted((a, b) => b.training - a.training || b.test - a.test).slice(0, mostClasses);
  const isTraining = imbalance !== null;
  const list = shown.map(({ name, training, test }) => ({
    ...{ name, value: isTraining ? training : test, color: color.accent, text: integer(isTraining ? training : test) },
  }));
  return figure({
    title: isTraining ? 'Training images of each class' : 'Test images of each class',
    chart: inBothWidths(560, (width) => bars(list, { label: 'Images of each class.', width })),
    caption: html`${rows.length > shown.length && `The ${shown.length} largest of ${rows.length} classes. `}${
      imbalance !== null &&
      `Largest to smallest: ${imbalance.ratio.toFixed(1)} to 1; remedy: ${imbalance.remedy.kind} (${imbalance.reason}).`
    }`,
    table: {
      columns: ['class', 'training images', 'test images'],
      rows: rows
        .slice(0, 1000)
        .map(({ name, training, test }) => [name, isTraining ? integer(training) : '–', integer(test)]),
    },
  });
}

async function imageSizes({ sizes, inputSizes }: Report['dataset']): Promise<Html | null> {
  if (sizes === null) return null;
  const { formats, dimensions, shorterSides } = sizes;
  const { smallest, median, largest, belowInputSize, elongated } = dimensions;
  const pixels = ([width, height]: readonly [number, number]) => `${integer(width)} × ${integer(height)}`;
  const facts = html`Of ${listOf(Object.entries(formats).map(([format, images]) => `${integer(images)} ${format}`))} files, the smallest image has ${pixels(smallest)} pixels, the median ${pixels(median)}, the largest ${pixels(largest)}.
${belowInputSize > 0 && `Shorter side below ${integer(Math.max(...inputSizes))} pixels, so that they are enlarged: ${count(belowInputSize, 'image')}. `}${
  elongated > 0 && `One side more than three times as long as the other: ${count(elongated, 'image')}.`
}`;
  const ranges = shorterSides.map(({ from, to, ...range }) => ({
    ...range,
    name: from === to ? integer(from) : `${integer(from)} to ${integer(to)}`,
  }));
  if (ranges.length === 1) return html`<h3>Sizes of the images</h3><p>${facts}</p>`;
  const list = ranges.map(({ name, count: images }) => ({
    ...{ name: `${name} px`, value: images, color: color.accent, text: integer(images) },
  }));
  return figure({
    title: 'Sizes of the images',
    chart: inBothWidths(560, (width) => bars(list, { label: 'Number of images by their shorter side.', width })),
    caption: html`Images by their shorter side. ${facts}`,
    table: {
      columns: ['shorter side', 'images'],
      rows: ranges.map(({ name, count: images }) => [name, integer(images)]),
    },
  });
}

/** Images of a class. */
interface SampledClass {
  class: string;
  paths: readonly string[];
}

/** Evenly spaced test images of each class. */
function testSample(classes: readonly string[], { paths, labels }: TestPredictions): SampledClass[] {
  const byLabel = groupBy(
    paths.map((_, row) => row),
    (row) => labels[row]!,
  );
  const perClass = picturesPerClass(classes.length);
  return classes.slice(0, mostPictures).map((name, label) => {
    const rows = byLabel.get(label) ?? [];
    const length = Math.min(perClass, rows.length);
    const chosen = Array.from({ length }, (_, index) => rows[Math.floor(((index + 0.5) * rows.length) / length)]!);
    return { class: name, paths: chosen.map((row) => paths[row]!) };
  });
}

function picturesPerClass(classCount: number): number {
  return Math.max(1, Math.min(8, Math.floor(mostPictures / classCount)));
}

async function contactSheet(title: string, sample: readonly SampledClass[], pictures: Pictures): Promise<Html> {
  const perClass = picturesPerClass(sample.length);
  const sheets: Html[] = [];
  for (const { class: name, paths } of sample.slice(0, mostPictures)) {
    const shown: Html[] = [];
    for (const path of paths.slice(0, perClass)) shown.push(html`<li>${await pictures.show(path)}</li>`);
    sheets.push(html`<h4>${name}</h4><ul class="sheet">${shown}</ul>`);
  }
  return html`<h3>${title}</h3>${sheets}`;
}

function skipped({ skipped: entries, hidden, beyondLimit }: Report['dataset']): Html {
  const list = entries.slice(0, mostRows);
  return html`<h3 id="skipped">Skipped files</h3>
${
  entries.length === 0
    ? html`<p>Every file was used.</p>`
    : disclosure(
        [
          `${count(entries.length, 'entry', 'entries')} not used`,
          entries.length > list.length && ` (the first ${list.length}; report.json has all)`,
        ],
        table({
          isText: true,
          columns: ['path', 'kind', 'reason'],
          rows: list.map(({ path, kind, reason }) => [path, kind, reason]),
        }),
        entries.length <= 10,
      )
}
${hidden.count > 0 && html`<p>${count(hidden.count, 'hidden file')} not read.</p>`}
${beyondLimit > 0 && html`<p>${count(beyondLimit, 'image')} beyond <code>data.limitPerClass</code>.</p>`}`;
}

function duplicates({ duplicates: groups, duplicatesComplete }: Report['dataset']): Html {
  const list = groups.slice(0, mostRows);
  return html`<h3 id="duplicates">Duplicates</h3>
${
  groups.length === 0
    ? html`<p>No picture occurs twice.</p>`
    : disclosure(
        [
          `${count(groups.length, 'picture')} more than once`,
          groups.length > list.length && ` (the first ${list.length}; report.json has all)`,
        ],
        table({
          isText: true,
          columns: ['files', 'kind', 'classes', 'sets', 'action'],
          rows: list.map(({ paths, kind, labels, splits, action }) => [
            [
              paths.slice(0, mostCopies).map((path, index) => html`${index > 0 && html`<br>`}${path}`),
              paths.length > mostCopies && html`<br>and ${integer(paths.length - mostCopies)} more`,
            ],
            ...[kind, labels.join(', '), splits.join(', '), action],
          ]),
        }),
        groups.length <= 10,
      )
}
${!duplicatesComplete && html`<p>Too many images look alike for all of them to be compared.</p>`}`;
}

/** The pictures that are in several sets, such as fit and test; null if there are none. */
async function copiesAcrossSets({ duplicates: groups }: Report['dataset'], pictures: Pictures): Promise<Html | null> {
  const across = groups.filter(({ splits }) => splits.length > 1);
  if (across.length === 0) return null;
  const sheets: Html[] = [];
  for (const { paths, splits, labels } of across.slice(0, mostShownGroups)) {
    const shown: Html[] = [];
    // The first and the last paths are those of different sets.
    const [first, last] = [paths.slice(0, mostShownCopies / 2), paths.slice(mostShownCopies / 2)];
    for (const path of [...first, ...last.slice(-mostShownCopies / 2)])
      shown.push(html`<li>${await pictures.show(path)}</li>`);
    sheets.push(html`<div><h4>In ${listOf(splits)}: ${listOf(labels)}</h4><ul class="sheet">${shown}</ul></div>\n`);
  }
  return html`<h3>Duplicates in several sets</h3>
<p>${count(across.length, 'picture is', 'pictures are')} in more than one set${across.length > sheets.length && `; the first ${sheets.length}`}:</p>
<div class="pair">${sheets}</div>`;
}
