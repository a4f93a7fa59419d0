import { displayName } from '@chorus/data/display-name';
import { duration, number, percent, percentRange } from '@chorus/report/format';
import type { Comparison, Report } from '@chorus/studio-api/protocol';
import type { ComponentChildren } from 'preact';
import { Interval } from '../charts/interval.tsx';
import { comparisonAddress, studioApi } from '../server/studio-api.ts';
import { useAnswer } from '../server/use-answer.ts';
import { Heading } from '../shell/heading.tsx';
import { addressOf } from '../shell/route.ts';
import { Problem } from '../ui/problem.tsx';
import { Scroll } from '../ui/scroll.tsx';

/** Several runs side by side. */
export function CompareView({ runs }: { runs: readonly string[] }) {
  const { answer, problem, reload } = useAnswer(`compare ${runs.join(' ')}`, (signal) =>
    studioApi.compare(runs, signal),
  );
  return (
    <>
      <Heading title="Comparison">
        <p class="lead">
          <a href={addressOf({ view: 'runs' })}>All runs</a>
        </p>
        <a class="button" href={comparisonAddress(runs)} target="_blank" rel="noreferrer">
          Open the full comparison
        </a>
      </Heading>
      <Problem message={problem} onRetry={reload} />
      {answer !== undefined && <Sides {...answer} />}
    </>
  );
}

// --- internal ---

function Sides({ runs, differences, sameImages }: Comparison) {
  const scores = runs.map(({ report }) => ensembleOf(report)?.test);
  const known = scores.filter((score) => score !== undefined);
  const ends = [
    Math.min(...known.map(({ wilson95 }) => wilson95[0])),
    Math.max(...known.map(({ wilson95 }) => wilson95[1])),
  ] as const;
  const best = Math.max(...known.map(({ accuracy }) => accuracy));
  const rows: [string, (report: Report) => ComponentChildren][] = [
    [
      'Accuracy',
      (report) => {
        const score = ensembleOf(report)?.test;
        if (score === undefined) return '–';
        return (
          <>
            <b>{percent(score.accuracy)}</b>
            <Interval value={score.accuracy} interval={score.wilson95} ends={ends} isMain={score.accuracy === best} />
            <small>{percentRange(score.wilson95)}</small>
          </>
        );
      },
    ],
    ['Log loss', (report) => number(ensembleOf(report)?.test.logLoss)],
    ['Ensemble', (report) => ensembleOf(report)?.kind ?? '–'],
    ['Best member', (report) => report.bestMember ?? '–'],
    ['Members', (report) => report.members.length],
    ['Training images', (report) => report.dataset.counts.training],
    ['Test images', (report) => report.dataset.counts.test],
    ['Size', (report) => (report.costs === null ? '–' : `${number(report.costs.ensemble.megabytes)} MB`)],
    ['Time', (report) => duration(report.seconds.total)],
  ];
  return (
    <>
      <p class={sameImages ? 'lead' : 'note'}>
        {sameImages
          ? 'The runs were tested on the same images, so their accuracies can be compared.'
          : 'The runs differ in their images or their split: a difference in accuracy may come from there.'}
      </p>
      <div class="panel">
        <Scroll label="Figures of the runs">
          <table class="compare">
            <thead>
              <tr>
                <td />
                {runs.map(({ id }) => (
                  <th key={id} scope="col">
                    <a href={addressOf({ view: 'run', run: id, part: 'result' })}>{displayName(id)}</a>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(([title, cell]) => (
                <tr key={title}>
                  <th scope="row">{title}</th>
                  {runs.map(({ id, report }) => (
                    <td key={id}>{cell(report)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </div>
      <section aria-labelledby="differences">
        <h2 id="differences">Settings that differ</h2>
        {differences.length === 0 ? (
          <p class="hint">None: the runs differ only in what they drew at random or in their images.</p>
        ) : (
          <div class="panel">
            <Scroll label="Settings that differ">
              <table class="compare">
                <thead>
                  <tr>
                    <th scope="col">Setting</th>
                    {runs.map(({ id }) => (
                      <th key={id} scope="col">
                        {displayName(id)}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {differences.map(({ key, values }) => (
                    <tr key={key}>
                      <th scope="row">
                        <code>{key}</code>
                      </th>
                      {values.map((value, index) => (
                        <td key={runs[index]!.id}>
                          <code>
                            {displayName(value === undefined || value === null ? '–' : JSON.stringify(value))}
                          </code>
                        </td>
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scroll>
          </div>
        )}
      </section>
    </>
  );
}

function ensembleOf(report: Report): Report['stackers'][number] | undefined {
  return report.stackers.find(({ chosen }) => chosen);
}
