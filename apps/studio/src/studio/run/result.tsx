import { displayName } from '@chorus/data/display-name';
import { count, duration, integer, listOf, number, percent, percentRange } from '@chorus/report/format';
import { reportAddress, studioApi } from '../server/studio-api.ts';
import { useAnswer } from '../server/use-answer.ts';
import { addressOf } from '../shell/route.ts';
import { Problem } from '../ui/problem.tsx';
import { Scroll } from '../ui/scroll.tsx';
import { Leaderboard } from './leaderboard.tsx';

/** The verdict on a run, its figures and its classifiers. */
export function Result({ run }: { run: string }) {
  const { answer, problem, reload } = useAnswer(`report of ${run}`, (signal) => studioApi.report(run, signal));
  if (answer === undefined) return <Problem message={problem} onRetry={reload} />;
  const { report } = answer;
  const ensemble = report.stackers.find(({ chosen }) => chosen);
  const suspected = (report.labelAudit?.training?.implausible ?? 0) + (report.labelAudit?.test.implausible ?? 0);
  const { confusion, perClass } = ensemble?.test ?? { confusion: [], perClass: [] };
  const [weakest, second] = perClass.filter(({ recall }) => recall !== null).toSorted((a, b) => a.recall! - b.recall!);
  return (
    <>
      <p class="verdict">{report.verdict}</p>
      {ensemble !== undefined && (
        <dl class="facts">
          <div>
            <dt>Accuracy</dt>
            <dd>
              {percent(ensemble.test.accuracy)}
              <small>95 %: {percentRange(ensemble.test.wilson95)}</small>
            </dd>
          </div>
          <div>
            <dt>Test images</dt>
            <dd>
              {integer(ensemble.test.count)}
              <small>{integer(ensemble.test.correct)} classified correctly</small>
            </dd>
          </div>
          <div>
            <dt>Log loss</dt>
            <dd>
              {number(ensemble.test.logLoss)}
              <small>0 is perfect</small>
            </dd>
          </div>
          <div>
            <dt>Size</dt>
            <dd>
              {report.costs === null ? '–' : `${number(report.costs.ensemble.megabytes)} MB`}
              <small>
                {report.costs?.ensemble.milliseconds == null
                  ? ' '
                  : `${number(report.costs.ensemble.milliseconds)} ms per image`}
              </small>
            </dd>
          </div>
          <div>
            <dt>Time</dt>
            <dd>
              {duration(report.seconds.total)}
              <small>on {count(report.lanes.length, 'lane')}</small>
            </dd>
          </div>
        </dl>
      )}
      <div class="actions">
        <a class="button main" href={addressOf({ view: 'run', run, part: 'try' })}>
          Try it on new images
        </a>
        <a class="button" href={reportAddress(run)} target="_blank" rel="noreferrer">
          Open the full report
        </a>
        {suspected > 0 && (
          <a class="button" href={addressOf({ view: 'run', run, part: 'labels' })}>
            Look at {count(suspected, 'suspected label')}
          </a>
        )}
      </div>
      <section class="panel" aria-labelledby="leaderboard">
        <h2 id="leaderboard">Leaderboard</h2>
        <Leaderboard report={report} />
      </section>
      {confusion.length > 0 && confusion.length <= 20 && (
        <section class="panel" aria-labelledby="confusion">
          <h2 id="confusion">Which classes it confuses</h2>
          <Confusion classes={report.dataset.classes} confusion={confusion} />
          {weakest !== undefined && second !== undefined && weakest.recall! < second.recall! && (
            <p class="hint">
              It recognizes {displayName(weakest.class)} least often: {integer(weakest.correct)} of{' '}
              {count(weakest.count, 'image')}.
            </p>
          )}
        </section>
      )}
      {report.members.some(({ status }) => status === 'failed') && (
        <p class="problem">
          {listOf(report.members.filter(({ status }) => status === 'failed').map(({ name }) => displayName(name)))} did
          not finish.
        </p>
      )}
    </>
  );
}

// --- internal ---

function Confusion({ classes, confusion }: { classes: readonly string[]; confusion: readonly (readonly number[])[] }) {
  return (
    <Scroll label="Confusion matrix">
      <table class="confusion">
        <thead>
          <tr>
            <th scope="col">true class</th>
            {classes.map((name) => (
              <th key={name} scope="col">
                {displayName(name)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {confusion.map((row, index) => {
            const total = row.reduce((sum, value) => sum + value, 0);
            return (
              <tr key={classes[index]}>
                <th scope="row">{displayName(classes[index]!)}</th>
                {row.map((value, column) => (
                  <td key={classes[column]} class={value === 0 ? 'zero' : index === column ? 'right' : 'wrong'}>
                    {integer(value)}
                    {value > 0 && <small>{percent(value / total, 0)}</small>}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </Scroll>
  );
}
