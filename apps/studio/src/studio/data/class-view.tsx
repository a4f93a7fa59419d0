import { displayName } from '@chorus/data/display-name';
import { count, integer } from '@chorus/report/format';
import type { Changed } from '@chorus/studio-api/protocol';
import { useEffect, useState } from 'preact/hooks';
import { studioApi } from '../server/studio-api.ts';
import { useAnswer } from '../server/use-answer.ts';
import { Heading } from '../shell/heading.tsx';
import { addressOf } from '../shell/route.ts';
import { Problem } from '../ui/problem.tsx';
import { Thumbnail } from '../ui/thumbnail.tsx';
import { useAction } from '../ui/use-action.ts';
import { UndoBar } from './undo-bar.tsx';

const pageSize = 60;

/** All images of a class: to look at, to move to another class, to leave out. */
export function ClassView({ id, name }: { id: string; name: string }) {
  const dataSet = useAnswer(id, (signal) => studioApi.dataSet(id, signal));
  const [offset, setOffset] = useState(0);
  const [shows, setShows] = useState<'all' | 'excluded'>('all');
  const page = useAnswer(`${id}/${name}/${shows}/${offset}`, (signal) =>
    studioApi.images(
      id,
      { class: name, ...(shows === 'excluded' && { excluded: true }), offset, limit: pageSize },
      signal,
    ),
  );
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [target, setTarget] = useState('');
  const { isRunning, problem, start } = useAction();
  const turnTo = (next: number) => {
    setSelected(new Set());
    setOffset(next);
  };
  const changed = (change: Changed) => {
    dataSet.set(change.dataSet);
    setSelected(new Set());
    page.reload();
  };
  // The last images of the last page may have been moved, here or in another tab.
  const lastOffset = page.answer && Math.max(0, Math.ceil(page.answer.total / pageSize) - 1) * pageSize;
  useEffect(() => {
    if (lastOffset !== undefined) setOffset((earlier) => Math.min(earlier, lastOffset));
  }, [lastOffset]);
  const paths = [...selected];
  const images = page.answer?.images ?? [];
  const total = page.answer?.total ?? 0;
  const others = dataSet.answer?.classes.map((one) => one.name).filter((one) => one !== name) ?? [];
  return (
    <>
      <Heading title={displayName(name)}>
        <p class="lead">
          <a href={addressOf({ view: 'data-set', dataSet: id })}>{displayName(dataSet.answer?.name ?? id)}</a> ·{' '}
          {count(total, 'image')}
          {shows === 'excluded' && ' left out'}
        </p>
      </Heading>
      <Problem message={dataSet.problem ?? page.problem} onRetry={page.reload} />
      <Problem message={problem} />
      {dataSet.answer !== undefined && <UndoBar dataSet={dataSet.answer} onChanged={changed} />}
      <form class="toolbar" onSubmit={(event) => event.preventDefault()}>
        <label>
          Show{' '}
          <select
            value={shows}
            onChange={({ currentTarget }) => {
              turnTo(0);
              setShows(currentTarget.value as typeof shows);
            }}
          >
            <option value="all">all images</option>
            <option value="excluded">those left out</option>
          </select>
        </label>
        <button
          type="button"
          disabled={images.length === 0}
          onClick={() =>
            setSelected(selected.size === images.length ? new Set() : new Set(images.map(({ path }) => path)))
          }
        >
          {selected.size > 0 && selected.size === images.length ? 'Select none' : 'Select all on this page'}
        </button>
        <label>
          Move to{' '}
          <select value={target} onChange={({ currentTarget }) => setTarget(currentTarget.value)}>
            <option value="">a class …</option>
            {others.map((other) => (
              <option key={other} value={other}>
                {displayName(other)}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          disabled={isRunning || paths.length === 0 || target === ''}
          onClick={() => start(async () => changed(await studioApi.relabel(id, { paths, class: target })))}
        >
          Move
        </button>
        <button
          type="button"
          disabled={isRunning || paths.length === 0}
          onClick={() => start(async () => changed(await studioApi.exclude(id, { paths, excluded: true })))}
        >
          Leave out
        </button>
        <button
          type="button"
          disabled={isRunning || !images.some(({ path, excluded }) => excluded && selected.has(path))}
          onClick={() => start(async () => changed(await studioApi.exclude(id, { paths, excluded: false })))}
        >
          Use again
        </button>
        <span role="status">{paths.length > 0 && `${paths.length} selected`}</span>
      </form>
      {page.answer !== undefined && images.length === 0 && <p class="empty">There are no images here.</p>}
      <ul class="sheet large">
        {images.map(({ path, excluded, role }) => (
          <li key={path}>
            <label class={excluded ? 'choice excluded' : 'choice'}>
              <Thumbnail dataSet={id} path={path} isNamed />
              <span class="row">
                <input
                  type="checkbox"
                  checked={selected.has(path)}
                  onChange={({ currentTarget }) => {
                    const next = new Set(selected);
                    if (currentTarget.checked) next.add(path);
                    else next.delete(path);
                    setSelected(next);
                  }}
                />
                <span class="name">{displayName(path.slice(path.lastIndexOf('/') + 1))}</span>
              </span>
              {(role !== null || excluded) && (
                <span class="hint">{[role, excluded && 'left out'].filter(Boolean).join(', ')}</span>
              )}
            </label>
          </li>
        ))}
      </ul>
      {total > pageSize && (
        <nav class="pager" aria-label="Pages of images">
          <button type="button" disabled={offset === 0} onClick={() => turnTo(Math.max(0, offset - pageSize))}>
            Previous
          </button>
          <span>
            {integer(offset + 1)} – {integer(Math.min(total, offset + pageSize))} of {integer(total)}
          </span>
          <button type="button" disabled={offset + pageSize >= total} onClick={() => turnTo(offset + pageSize)}>
            Next
          </button>
        </nav>
      )}
    </>
  );
}
