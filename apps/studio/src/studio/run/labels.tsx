import { count } from '@chorus/report/format';
import type { Changed, DataSet, LabelIssueImage } from '@chorus/studio-api/protocol';
import { useState } from 'preact/hooks';
import { UndoBar } from '../data/undo-bar.tsx';
import { studioApi } from '../server/studio-api.ts';
import { useAnswer } from '../server/use-answer.ts';
import { addressOf } from '../shell/route.ts';
import { Problem } from '../ui/problem.tsx';
import { SuspectedLabel } from './suspected-label.tsx';

/** Images that are shown at once. */
const pageSize = 24;

/** Images whose labels look wrong, to decide on. */
export function Labels({ run }: { run: string }) {
  const { answer, problem, reload } = useAnswer(`labels of ${run}`, (signal) => studioApi.labelIssues(run, signal));
  const dataSetId = answer?.dataSet ?? undefined;
  const dataSet = useAnswer<DataSet | undefined>(`data ${dataSetId}`, async (signal) =>
    dataSetId === undefined ? undefined : studioApi.dataSet(dataSetId, signal),
  );
  /** Paths, as when the run read them, whose labels the user has confirmed. */
  const [kept, setKept] = useState<ReadonlySet<string>>(new Set());
  const [hasChanged, setHasChanged] = useState(false);
  const [shownCount, setShownCount] = useState(pageSize);
  if (answer === undefined) return <Problem message={problem} onRetry={reload} />;
  const { issues } = answer;
  const changed = (change: Changed) => {
    dataSet.set(change.dataSet);
    setHasChanged(true);
    reload();
  };
  const isOpen = (issue: LabelIssueImage) =>
    issue.current !== null && issue.current.class === issue.label && !issue.current.excluded && !kept.has(issue.path);
  const openCount = issues.filter(isOpen).length;
  if (issues.length === 0) return <p class="empty">No label of this run looks wrong.</p>;
  return (
    <>
      <p class="lead">
        The ensemble, asked about images that its members were not trained on, doubts {count(issues.length, 'label')}.
        Look at each picture: is the label right?
      </p>
      {dataSetId === undefined && (
        <p class="note">The images of this run are no data set of this studio; open their folder to change labels.</p>
      )}
      <Problem message={problem ?? dataSet.problem} onRetry={reload} />
      {dataSet.answer !== undefined && <UndoBar dataSet={dataSet.answer} onChanged={changed} />}
      <div class="row spread">
        <p>
          {openCount === 0
            ? 'All have been decided.'
            : `${count(openCount, 'label')} to decide on, the least plausible first.`}
        </p>
        {hasChanged && dataSetId !== undefined && (
          <a class="button main" href={addressOf({ view: 'train', dataSet: dataSetId })}>
            Train again
          </a>
        )}
      </div>
      <ul class="suspects">
        {issues.slice(0, shownCount).map((issue) => (
          <li key={issue.path} class="panel">
            <SuspectedLabel
              issue={issue}
              dataSet={dataSet.answer}
              isKept={kept.has(issue.path)}
              onKeep={(isKept) => {
                const next = new Set(kept);
                if (isKept) next.add(issue.path);
                else next.delete(issue.path);
                setKept(next);
              }}
              onChanged={changed}
            />
          </li>
        ))}
      </ul>
      {shownCount < issues.length && (
        <button type="button" onClick={() => setShownCount(shownCount + pageSize)}>
          Show more
        </button>
      )}
    </>
  );
}
