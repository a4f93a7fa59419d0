import type { CheckReport } from '@chorus/orchestration';
import { withAdvice } from './error-message.ts';
import { printable, printableLines } from './printable.ts';
import { table } from './table.ts';

type Dataset = NonNullable<CheckReport['dataset']>;

/** Longer lists are cut; `--json` has all of them. */
const mostRows = 20;
const mostExamples = 10;
const fewExamples = 3;
const width = 80;

/** What `chorus check` prints, wrapped at 80 columns unless a name is longer. */
export function checkSummary(report: CheckReport): string {
  const { dataset, problems, warnings } = report;
  return [
    ...(dataset === null ? [] : datasetLines(dataset)),
    ...machineLines(report),
    ...(report.presets.some(hasFigure) ? ['', presetTable(report)] : []),
    ...section('warnings', warnings.map(printable)),
    ...section(
      'problems: train would refuse this',
      problems.map((problem) => withAdvice(printableLines(problem.message), problem.advice)),
    ),
    '',
    problems.length > 0
      ? `not ready: ${problems.length === 1 ? 'one problem' : `${problems.length} problems`}`
      : `ready${warnings.length === 0 ? '' : `, with ${warnings.length === 1 ? 'one warning' : `${warnings.length} warnings`}`}`,
  ].join('\n');
}

/** A range of seconds in words, rounded as coarsely as it is estimated. */
export function durationRange([least, most]: readonly [number, number]): string {
  const [unit, name] = most < 100 ? [1, 's'] : most < 5400 ? [60, 'min'] : [3600, 'h'];
  const round = (value: number) => (unit === 1 ? Math.max(5, 5 * Math.round(value / 5)) : roughly(value / unit));
  const [low, high] = [round(least), round(most)];
  return low === high ? `about ${high} ${name}` : `${low} to ${high} ${name}`;
}

// --- internal ---

function datasetLines(dataset: Dataset): string[] {
  const { name, root, layout, roles, found, usable, classes, sets, formats, dimensions } = dataset;
  const roleText = roles.map(({ role, found: count }) => `${role} ${count}`).join(', ');
  const setText =
    sets === null
      ? []
      : [
          `split: fit ${sets.fit}, tune ${sets.tune}, stack ${sets.outOfFold}, test ${sets.test}${
            sets.trainingsPerMember === 1 ? '' : ` in the first of ${sets.trainingsPerMember} trainings`
          }`,
        ];
  const formatText = Object.entries(formats).map(([format, count]) => `${format} ${count}`);
  const side = ([w, h]: [number, number]) => `${w} × ${h}`;
  return [
    `${printable(name)}: ${found} images, ${usable} usable, in ${classes.length} classes`,
    `folder: ${printable(root)}`,
    `read as: ${layout === 'splits' ? `split folders (${roleText})` : 'class folders; the test images are drawn'}`,
    ...setText,
    ...(formatText.length === 0 ? [] : [`formats: ${formatText.join(', ')}`]),
    ...(dimensions === null
      ? []
      : [`pixels: ${side(dimensions.smallest)} to ${side(dimensions.largest)}, median ${side(dimensions.median)}`]),
    '',
    classTable(classes),
    ...section('notes', dataset.notices.map(printable)),
    ...section(`not used (${dataset.skipped.length})`, byReason(dataset.skipped)),
    ...(dataset.hidden === 0 ? [] : [`hidden: ${dataset.hidden}`]),
    ...copiesLine(dataset.copies),
    ...section(
      `one picture, several labels (${dataset.contradictions.length})`,
      examples(dataset.contradictions.map(({ paths }) => paths.map(printable).join(' = '))),
    ),
    ...section(
      `one picture, several sets of the split (${dataset.duplicates.length})`,
      examples(
        dataset.duplicates.map(({ paths, splits }) => `${paths.map(printable).join(' = ')} (${splits.join(', ')})`),
      ),
    ),
  ];
}

function copiesLine({ pictures, leftOut }: Dataset['copies']): string[] {
  if (pictures === 0) return [];
  const many = pictures === 1 ? '1 picture appears' : `${pictures} pictures appear`;
  return [
    '',
    `copies: ${many} more than once${leftOut === 0 ? '' : `; ${leftOut} copies are left out`} (data.duplicates)`,
  ];
}

/** All classes or, of many, the smallest ones, where problems are most likely. */
function classTable(classes: Dataset['classes']): string {
  const shown =
    classes.length <= mostRows ? classes : classes.toSorted((a, b) => a.usable - b.usable).slice(0, mostRows);
  const cell = (count: number | null) => (count === null ? '' : String(count));
  const rows = shown.map(({ name, found, usable, training, test }) => [
    printable(name),
    String(found),
    String(found - usable),
    cell(training),
    cell(test),
  ]);
  const rest = classes.length - shown.length;
  return [
    table([['class', 'images', 'unused', 'training', 'test'], ...rows]),
    ...(rest === 0 ? [] : [`… and ${rest} larger classes`]),
  ].join('\n');
}

function machineLines({ weights, lanes, memory, disk, decodeSeconds }: CheckReport): string[] {
  const { source, toDownload } = weights;
  return [
    '',
    ...wrapped(
      `weights: ${printable(source)}${toDownload.length === 0 ? '' : `; to download: ${toDownload.join(', ')}`}`,
      '    ',
      '',
    ),
    `lanes: ${lanes.join(', ') || 'none'}`,
    `memory: ${needed(memory.neededBytes)}; this machine has ${size(memory.availableBytes)}`,
    `disk: ${needed(disk.neededBytes)}; ${size(disk.freeBytes)} are free at ${printable(disk.place)}`,
    ...(decodeSeconds === null ? [] : [`decoding took ${decodeSeconds.toFixed(1)} s`]),
  ];
}

function hasFigure({ memoryBytes, diskBytes, seconds }: CheckReport['presets'][number]): boolean {
  return [memoryBytes, diskBytes, seconds].some((figure) => figure !== null);
}

function presetTable({ presets, problems }: CheckReport): string {
  const rows = presets.map(({ preset, chosen, memoryBytes, diskBytes, seconds, obstacle }) => [
    `${preset}${chosen ? ' *' : ''}`,
    seconds === null ? '-' : durationRange(seconds),
    memoryBytes === null ? '-' : size(memoryBytes),
    diskBytes === null ? '-' : size(diskBytes),
    // The obstacle of the chosen preset is among the problems; of the others the reason is enough.
    chosen || obstacle === null ? '' : printable(obstacle.split('; ')[0]!),
  ]);
  const whole = table([
    ['preset', 'time (estimate)', 'memory', 'disk', ''],
    ...rows.map((row) => [...row.slice(0, 4), '']),
  ]).split('\n');
  // An obstacle is a sentence: it gets its own line.
  return [
    ...whole.flatMap((line, index) => {
      const obstacle = rows[index - 1]?.[4] ?? '';
      return obstacle === '' ? [line] : [line, ...wrapped(obstacle, '    ')];
    }),
    '* the preset that train would use',
    ...(problems.length > 0 ? ['no time is estimated while there are problems'] : []),
  ].join('\n');
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.flatMap((line) => wrapped(line, '    ', '  - '))];
}

/** One line per reason, the most frequent first. */
function byReason(skipped: Dataset['skipped']): string[] {
  const paths = new Map<string, string[]>();
  for (const { path, reason } of skipped) paths.set(reason, [...(paths.get(reason) ?? []), printable(path)]);
  return examples(
    [...paths]
      .toSorted(([, a], [, b]) => b.length - a.length)
      .map(([reason, own]) => {
        const rest = own.length - fewExamples;
        const named = `${own.slice(0, fewExamples).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
        return `${printable(reason)}: ${named}`;
      }),
  );
}

function examples(lines: readonly string[]): string[] {
  const rest = lines.length - mostExamples;
  return rest <= 0 ? [...lines] : [...lines.slice(0, mostExamples), `… and ${rest} more; use --json to list all`];
}

/** Breaks a line between words; a word that is too long gets its own line. */
function wrapped(text: string, indent: string, first = indent): string[] {
  const lines: string[] = [];
  for (const [index, part] of text.split('\n').entries()) {
    let line = index === 0 ? first : indent;
    // A number stays with its sign.
    for (const word of part.split(/ (?!%)/)) {
      const isEmpty = line.trim() === '' || line === first;
      if (!isEmpty && line.length + 1 + word.length > width) {
        lines.push(line);
        line = indent;
      }
      line += line === indent || line === first ? word : ` ${word}`;
    }
    lines.push(line);
  }
  return lines;
}

function needed(bytes: number | null): string {
  return bytes === null ? 'not known' : `about ${size(bytes)} needed`;
}

function size(bytes: number): string {
  return bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

function roughly(value: number): number {
  return value < 10 ? Math.max(0.5, Math.round(2 * value) / 2) : Math.round(value);
}
