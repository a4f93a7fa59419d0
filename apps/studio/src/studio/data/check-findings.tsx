import { displayName } from '@chorus/data/display-name';
import { count, integer, listOf } from '@chorus/report/format';
import type { CheckReport } from '@chorus/studio-api/protocol';
import { Scroll } from '../ui/scroll.tsx';
import { Thumbnail } from '../ui/thumbnail.tsx';

/** Rows of a list that are shown at once. */
const mostRows = 50;

/** What a check found: what prevents a training, what to consider, and the images concerned. */
export function CheckFindings({ dataSet, report }: { dataSet: string; report: CheckReport }) {
  const { problems, warnings, dataset } = report;
  return (
    <div class="findings">
      {problems.length > 0 && (
        <ul class="finding-list bad" aria-label="Problems">
          {problems.map(({ message }) => (
            <li key={message}>{message}</li>
          ))}
        </ul>
      )}
      {warnings.length > 0 && (
        <ul class="finding-list" aria-label="To consider">
          {warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
      {dataset !== null && (
        <>
          {dataset.contradictions.length > 0 && (
            <details open>
              <summary>{count(dataset.contradictions.length, 'picture')} in several classes</summary>
              <ul class="pictures">
                {dataset.contradictions.slice(0, mostRows).map(({ paths, classes }) => (
                  <li key={paths[0]}>
                    <Thumbnail dataSet={dataSet} path={paths[0]!} />
                    <p>
                      In {listOf(classes.map(displayName))}:{' '}
                      <span class="path">{paths.map(displayName).join(', ')}</span>
                    </p>
                  </li>
                ))}
              </ul>
            </details>
          )}
          {dataset.duplicates.length > 0 && (
            <details>
              <summary>{count(dataset.duplicates.length, 'picture')} in several sets of the split</summary>
              <ul class="pictures">
                {dataset.duplicates.slice(0, mostRows).map(({ paths, splits }) => (
                  <li key={paths[0]}>
                    <Thumbnail dataSet={dataSet} path={paths[0]!} />
                    <p>
                      In {listOf(splits)}: <span class="path">{paths.map(displayName).join(', ')}</span>
                    </p>
                  </li>
                ))}
              </ul>
            </details>
          )}
          {dataset.skipped.length > 0 && (
            <details>
              <summary>Entries that are not used ({integer(dataset.skipped.length)})</summary>
              <ul class="reasons">
                {dataset.skipped.slice(0, mostRows).map(({ path, reason }) => (
                  <li key={path}>
                    <span class="path">{displayName(path)}</span>: {reason}
                  </li>
                ))}
              </ul>
              {dataset.skipped.length > mostRows && <p class="hint">… and {dataset.skipped.length - mostRows} more.</p>}
            </details>
          )}
          <details>
            <summary>Images of each class</summary>
            <Scroll label="Images of each class">
              <table>
                <thead>
                  <tr>
                    <th scope="col">Class</th>
                    <th scope="col">Usable</th>
                    <th scope="col">Training</th>
                    <th scope="col">Test</th>
                  </tr>
                </thead>
                <tbody>
                  {dataset.classes.map(({ name, usable, training, test }) => (
                    <tr key={name}>
                      <th scope="row">{displayName(name)}</th>
                      <td>{integer(usable)}</td>
                      <td>{training === null ? '–' : integer(training)}</td>
                      <td>{test === null ? '–' : integer(test)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scroll>
          </details>
        </>
      )}
    </div>
  );
}
