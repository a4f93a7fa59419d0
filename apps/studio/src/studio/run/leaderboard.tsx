import { displayName } from '@chorus/data/display-name';
import { integer, number, percent, percentRange } from '@chorus/report/format';
import type { Report } from '@chorus/studio-api/protocol';
import { Interval } from '../charts/interval.tsx';
import { Scroll } from '../ui/scroll.tsx';

/** Every classifier on the same test images, the best first. */
export function Leaderboard({ report }: { report: Report }) {
  const rows = [
    ...report.stackers.map(({ kind, chosen, test }) => ({
      ...{ name: chosen ? `ensemble (${kind})` : kind, what: chosen ? 'the choice before the test' : 'other stacker' },
      ...{ test, isMain: chosen },
    })),
    ...[...report.members, ...(report.student ? [report.student] : [])].flatMap(({ name, backbone, test }) =>
      test === null ? [] : [{ name: displayName(name), what: backbone, test, isMain: false }],
    ),
  ].toSorted((a, b) => b.test.accuracy - a.test.accuracy || Number(b.isMain) - Number(a.isMain));
  const lows = rows.map(({ test }) => test.wilson95[0]);
  const ends = [Math.min(...lows), Math.max(...rows.map(({ test }) => test.wilson95[1]))] as const;
  return (
    <>
      <Scroll label="Leaderboard">
        <table class="leaderboard">
          <thead>
            <tr>
              <th scope="col">Classifier</th>
              <th scope="col">Accuracy</th>
              <th scope="col" class="drawing">
                95 % interval
              </th>
              <th scope="col">Correct</th>
              <th scope="col">Log loss</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ name, what, test, isMain }) => (
              <tr key={name} class={isMain ? 'main' : undefined}>
                <th scope="row">
                  {name}
                  <small>{what}</small>
                </th>
                <td>{percent(test.accuracy)}</td>
                <td class="drawing">
                  <Interval value={test.accuracy} interval={test.wilson95} ends={ends} isMain={isMain} />
                  <small>{percentRange(test.wilson95)}</small>
                </td>
                <td>
                  {integer(test.correct)} of {integer(test.count)}
                </td>
                <td>{number(test.logLoss)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <p class="hint">All of them classified the same images. Where intervals overlap, the order may be chance.</p>
    </>
  );
}
