import { displayName } from '@chorus/data/display-name';
import { count } from '@chorus/report/format';
import type { DataSet } from '@chorus/studio-api/protocol';
import { useEffect, useState } from 'preact/hooks';
import { usePageFiles } from '../../shared/use-page-files.ts';
import { studioApi } from '../server/studio-api.ts';
import { useAnswer } from '../server/use-answer.ts';
import { Heading } from '../shell/heading.tsx';
import { addressOf } from '../shell/route.ts';
import { useStudio } from '../studio.ts';
import { Problem } from '../ui/problem.tsx';
import { AddClass } from './add-class.tsx';
import { beforeTraining } from './before-training.ts';
import { CheckPanel } from './check-panel.tsx';
import { ClassCard } from './class-card.tsx';
import { classFolders } from './class-folders.ts';
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
  const { forget } = uploads;
  useEffect(() => () => forget(id), [id, forget]);
  const [dropProblem, setDropProblem] = useState<string>();
  /** Folders that were dropped beside the classes become classes. */
  const takeFolders = async (files: ReadonlyMap<string, File>) => {
    setDropProblem(undefined);
    const folders = classFolders(files);
    if (folders === null) return setDropProblem('Drop or paste images onto their class, or drop one folder per class.');
    const known = new Set(dataSet?.classes.map((one) => one.name));
    for (const [folder, images] of folders) {
      if (!known.has(folder)) set(await studioApi.addClass(id, { name: folder }));
      uploads.add(id, folder, images);
    }
  };
  const showChanged = (changed: DataSet) => {
    set(changed);
    // The card that had the focus is gone.
    document.querySelector('h1')?.focus();
  };
  const isOver = usePageFiles({
    onFiles: (files) => void takeFolders(files).catch((error: Error) => setDropProblem(error.message)),
    onProblem: setDropProblem,
  });
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
      <Problem message={dropProblem} />
      {dataSet !== undefined && (
        <>
          {dataSet.problem !== null && <p class="note">{beforeTraining(dataSet)}</p>}
          <UndoBar dataSet={dataSet} onChanged={(changed) => set(changed.dataSet)} />
          <div class="with-aside">
            <div class="classes">
              {dataSet.classes.map((summary) => (
                <ClassCard key={summary.name} dataSet={id} summary={summary} onChanged={showChanged} />
              ))}
              <AddClass dataSet={id} isOver={isOver} onAdded={set} />
            </div>
            <CheckPanel dataSet={dataSet} />
          </div>
        </>
      )}
    </>
  );
}
