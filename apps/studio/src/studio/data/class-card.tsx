import { displayName } from '@chorus/data/display-name';
import { count, integer } from '@chorus/report/format';
import type { ClassSummary, DataSet } from '@chorus/studio-api/protocol';
import { useId, useRef, useState } from 'preact/hooks';
import { chosenFiles, droppedFiles } from '../../shared/chosen-files.ts';
import { FileButton } from '../../shared/file-button.tsx';
import { studioApi } from '../server/studio-api.ts';
import { useAnswer } from '../server/use-answer.ts';
import { addressOf } from '../shell/route.ts';
import { useStudio } from '../studio.ts';
import { Problem } from '../ui/problem.tsx';
import { Thumbnail } from '../ui/thumbnail.tsx';
import { useAction } from '../ui/use-action.ts';
import { Recorder } from './recorder.tsx';
import { RenameClass } from './rename-class.tsx';

/** Thumbnails of a card. */
const shownCount = 10;

/** A class with a sample of its images; takes more images of it. */
export function ClassCard({
  dataSet,
  summary,
  onChanged,
}: {
  dataSet: string;
  summary: ClassSummary;
  /** Receives the data set without the class, or with its new name. */
  onChanged(dataSet: DataSet): void;
}) {
  const { uploads } = useStudio();
  const { name, imageCount, excludedCount } = summary;
  const { total, done, isWaiting, failures, added } = uploads.of(dataSet, name);
  const [isOver, setIsOver] = useState(false);
  const [isRecording, setIsRecording] = useState(false);
  const [isRenaming, setIsRenaming] = useState(false);
  const [problem, setProblem] = useState<string>();
  const removal = useAction();
  const renameButton = useRef<HTMLButtonElement>(null);
  const id = useId();
  const shown = displayName(name);
  const { answer: page, problem: pageProblem } = useAnswer(
    `${dataSet}/${name}`,
    (signal) => studioApi.images(dataSet, { class: name, excluded: false, limit: shownCount }, signal),
    summary,
  );
  const add = (files: ReadonlyMap<string, File>) => {
    setProblem(undefined);
    uploads.add(dataSet, name, [...files.values()]);
  };
  const recent = new Set(added.map(({ path }) => path));
  const images = [...added, ...(page?.images ?? []).filter(({ path }) => !recent.has(path))].slice(0, shownCount);
  const currentCount = imageCount - excludedCount;
  return (
    <section
      class={isOver ? 'panel class over' : 'panel class'}
      aria-labelledby={id}
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={({ currentTarget, relatedTarget }) => {
        if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) setIsOver(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        // It is not for the whole page.
        event.stopPropagation();
        setIsOver(false);
        if (event.dataTransfer !== null)
          droppedFiles(event.dataTransfer.items).then(add, (error: Error) =>
            setProblem(`What you dropped cannot be read: ${error.message}`),
          );
      }}
      onPaste={(event) => {
        event.stopPropagation();
        if (event.clipboardData?.files.length) add(chosenFiles(event.clipboardData.files));
      }}
    >
      <header>
        <h2 id={id}>{shown}</h2>
        {total === 0 && (
          <button
            ref={renameButton}
            class="quiet"
            type="button"
            aria-expanded={isRenaming}
            onClick={() => setIsRenaming(!isRenaming)}
          >
            Rename<span class="visually-hidden"> {shown}</span>
          </button>
        )}
        <p class="hint">
          {count(currentCount, 'image')}
          {excludedCount > 0 && `, ${excludedCount} left out`}
        </p>
      </header>
      <div class="actions">
        <FileButton label="Choose images" context={` for ${shown}`} onFiles={add} />
        <FileButton label="Folder" context={` for ${shown}`} isFolder onFiles={add} />
        <button type="button" aria-expanded={isRecording} onClick={() => setIsRecording(!isRecording)}>
          {isRecording ? 'Close the camera' : 'Camera'}
          <span class="visually-hidden"> for {shown}</span>
        </button>
        {imageCount === 0 && total === 0 && (
          <button
            type="button"
            disabled={removal.isRunning}
            onClick={() => removal.start(async () => onChanged(await studioApi.removeClass(dataSet, name)))}
          >
            Remove<span class="visually-hidden"> {shown}</span>
          </button>
        )}
      </div>
      {isRenaming && total === 0 && (
        <RenameClass
          {...{ dataSet, name }}
          onRenamed={(renamed) => {
            setIsRenaming(false);
            onChanged(renamed);
          }}
          onCancel={() => {
            setIsRenaming(false);
            renameButton.current?.focus();
          }}
        />
      )}
      {isRecording && (
        <Recorder
          className={shown}
          onPictures={add}
          onEnd={(reason) => {
            setIsRecording(false);
            setProblem(reason);
          }}
        />
      )}
      <Problem message={problem ?? removal.problem ?? pageProblem} />
      {total > 0 && (
        <p class="uploading">
          Adding {integer(done + 1)} of {integer(total)} …
          <progress max={total} value={done} aria-label={`Adding images to ${shown}`} />
        </p>
      )}
      {isWaiting && <Problem message="The studio does not answer. The images are added as soon as it does." />}
      {failures.length > 0 && (
        <div class="problem-box" role="alert">
          <p>{count(failures.length, 'file was', 'files were')} not added:</p>
          <ul>
            {failures.slice(0, 20).map((failure, index) => (
              <li key={`${index} ${failure.name}`}>
                <b>{displayName(failure.name)}</b>: {failure.message}
              </li>
            ))}
          </ul>
          {failures.length > 20 && <p>… and {failures.length - 20} more.</p>}
          <button type="button" onClick={() => uploads.dismiss(dataSet, name)}>
            Dismiss
          </button>
        </div>
      )}
      {images.length === 0 ? (
        <p class="empty">Drop images or a folder here, or paste an image.</p>
      ) : (
        <ul class="sheet">
          {images.map(({ path }) => (
            <li key={path}>
              <Thumbnail dataSet={dataSet} path={path} />
            </li>
          ))}
        </ul>
      )}
      {(images.length > 0 || excludedCount > 0) && (
        <p>
          <a href={addressOf({ view: 'class', dataSet, name })}>
            Show all images<span class="visually-hidden"> of {shown}</span>
          </a>
        </p>
      )}
    </section>
  );
}
