import { displayName } from '@chorus/data/display-name';
import { count } from '@chorus/report/format';
import { studioApi } from '../server/studio-api.ts';
import { useAnswer } from '../server/use-answer.ts';
import { Heading } from '../shell/heading.tsx';
import { addressOf } from '../shell/route.ts';
import { useStudio } from '../studio.ts';
import { Problem } from '../ui/problem.tsx';
import { AddClass } from './add-class.tsx';
import { CheckPanel } from './check-panel.tsx';
import { ClassCard } from './class-card.tsx';
import { UndoBar } from './undo-bar.tsx';

/** The classes of a data set, and what is wrong with it. */
export function DataSetView({ id }: { id: string }) {
  const { uploads, workspace } = useStudio();
  const {
    answer: dataSet,
    problem,
    reload,
    set,
  } = useAnswer(id, (signal) => studioApi.dataSet(id, signal), uploads.finishedCount);
  const name = dataSet?.name ?? workspace.dataSets.find((one) => one.id === id)?.name ?? id;
  return (
    <>
      <Heading title={displayName(name)}>
        {dataSet !== undefined && (
          <p class="lead">
            {count(dataSet.classes.length, 'class', 'classes')},{' '}
            {count(dataSet.imageCount - dataSet.excludedCount, 'image')}{' '}
            <span class="path">{displayName(dataSet.root)}</span>
          </p>
        )}
        {dataSet !== undefined && (
          <a
            class={dataSet.problem === null ? 'button main' : 'button'}
            href={addressOf({ view: 'train', dataSet: id })}
          >
            Train on these images
          </a>
        )}
      </Heading>
      <Problem message={problem} onRetry={reload} />
      {dataSet !== undefined && (
        <>
          {dataSet.problem !== null && <p class="note">Before training: {dataSet.problem}</p>}
          <UndoBar dataSet={dataSet} onChanged={(changed) => set(changed.dataSet)} />
          <div class="with-aside">
            <div class="classes">
              {dataSet.classes.map((summary) => (
                <ClassCard key={summary.name} dataSet={id} summary={summary} />
              ))}
              <AddClass dataSet={id} onAdded={set} />
            </div>
            <CheckPanel dataSet={dataSet} />
          </div>
        </>
      )}
    </>
  );
}
