import { displayName } from '@chorus/data/display-name';
import { percent } from '@chorus/report/format';
import type { Changed, DataSet, LabelIssueImage } from '@chorus/studio-api/protocol';
import { useEffect, useRef } from 'preact/hooks';
import { studioApi } from '../server/studio-api.ts';
import { Problem } from '../ui/problem.tsx';
import { Thumbnail } from '../ui/thumbnail.tsx';
import { useAction } from '../ui/use-action.ts';

/** An image whose label looks wrong: keep the label, change it, or leave the image out. */
export function SuspectedLabel({
  issue,
  dataSet,
  isKept,
  onKeep,
  onChanged,
}: {
  issue: LabelIssueImage;
  /** Undefined if the studio does not have the images. */
  dataSet: DataSet | undefined;
  isKept: boolean;
  onKeep: (isKept: boolean) => void;
  onChanged: (changed: Changed) => void;
}) {
  const { isRunning, problem, start } = useAction();
  const { path, label, suggested, probabilityOfLabel, probabilityOfSuggested, set, current } = issue;
  const name = displayName(path.slice(path.lastIndexOf('/') + 1));
  const context = <span class="visually-hidden"> for {name}</span>;
  const decision =
    current === null
      ? 'The image no longer exists.'
      : current.excluded
        ? 'Left out of training.'
        : current.class !== label
          ? `Moved to ${displayName(current.class)}.`
          : isKept
            ? `Kept as ${displayName(label)}.`
            : undefined;
  const actions = useRef<HTMLDivElement>(null);
  const hasActed = useRef(false);
  // The button that had the focus is replaced by others.
  useEffect(() => {
    if (hasActed.current) actions.current?.querySelector('button')?.focus();
    hasActed.current = false;
  }, [decision]);
  const act = (request: () => Promise<Changed>) => {
    hasActed.current = true;
    return start(async () => onChanged(await request()));
  };
  const relabel = (to: string) => act(() => studioApi.relabel(dataSet!.id, { paths: [current!.path], class: to }));
  const exclude = (excluded: boolean) =>
    act(() => studioApi.exclude(dataSet!.id, { paths: [current!.path], excluded }));
  const keep = (isNowKept: boolean) => {
    hasActed.current = true;
    onKeep(isNowKept);
  };
  return (
    <article class={decision === undefined ? 'suspect' : 'suspect decided'} aria-label={name}>
      {dataSet !== undefined && current !== null && <Thumbnail dataSet={dataSet.id} path={current.path} side={320} />}
      <div>
        <dl class="opinion">
          <dt>label</dt>
          <dd>
            {displayName(label)} <span class="hint">{percent(probabilityOfLabel)}</span>
          </dd>
          <dt>suggested</dt>
          <dd>
            <b>{displayName(suggested)}</b> <span class="hint">{percent(probabilityOfSuggested)}</span>
          </dd>
        </dl>
        <p class="hint path">
          {displayName(path)}, {set === 'test' ? 'test image' : 'training image'}
        </p>
        {decision !== undefined && <p class="decision">{decision}</p>}
        {dataSet !== undefined && current !== null && (
          <div class="actions" ref={actions}>
            {decision === undefined ? (
              <>
                <button type="button" disabled={isRunning} onClick={() => keep(true)}>
                  Keep {displayName(label)}
                  {context}
                </button>
                <button type="button" disabled={isRunning} onClick={() => relabel(suggested)}>
                  It is {displayName(suggested)}
                  {context}
                </button>
                <button type="button" disabled={isRunning} onClick={() => exclude(true)}>
                  Leave out
                  {context}
                </button>
                {dataSet.classes.length > 2 && (
                  <label>
                    <span class="visually-hidden">Another class for {name}</span>
                    <select
                      value=""
                      disabled={isRunning}
                      onChange={({ currentTarget }) => currentTarget.value !== '' && relabel(currentTarget.value)}
                    >
                      <option value="">Another class …</option>
                      {dataSet.classes
                        .filter((one) => one.name !== label && one.name !== suggested)
                        .map((one) => (
                          <option key={one.name} value={one.name}>
                            {displayName(one.name)}
                          </option>
                        ))}
                    </select>
                  </label>
                )}
              </>
            ) : (
              <button
                type="button"
                disabled={isRunning}
                onClick={() =>
                  isKept && current.class === label && !current.excluded
                    ? keep(false)
                    : current.excluded
                      ? exclude(false)
                      : relabel(label)
                }
              >
                Decide again{context}
              </button>
            )}
          </div>
        )}
        <Problem message={problem} />
      </div>
    </article>
  );
}
