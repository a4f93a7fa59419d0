import { displayName } from '@chorus/data/display-name';
import { count, percent } from '@chorus/report/format';
import type { RunSummary } from '@chorus/studio-api/protocol';
import { useEffect, useState } from 'preact/hooks';
import { studioApi } from '../server/studio-api.ts';
import { Heading } from '../shell/heading.tsx';
import { addressOf, goTo } from '../shell/route.ts';
import { useStudio } from '../studio.ts';
import { Problem } from '../ui/problem.tsx';
import { RemovalDialog } from '../ui/removal-dialog.tsx';
import { useAction } from '../ui/use-action.ts';
import { fileSize, moment, presetOf } from '../words.ts';

/** All runs of the workspace. */
export function RunsView() {
  const { workspace, reload } = useStudio();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [deleting, setDeleting] = useState<RunSummary>();
  const [kept, setKept] = useState<readonly string[]>([]);
  const action = useAction();
  // Other processes may have added some.
  useEffect(() => void reload(), [reload]);
  const { runs } = workspace;
  const chosen = runs.map(({ id }) => id).filter((id) => selected.has(id));
  return (
    <>
      <Heading title="Runs" />
      <Problem message={action.problem} />
      {kept.length > 0 && (
        <p class="note" role="status">
          Files that the run did not write were kept: {kept.map(displayName).join(', ')}
        </p>
      )}
      {runs.length === 0 ? (
        <p class="empty">
          No run yet. <a href={addressOf({ view: 'train' })}>Train</a> one.
        </p>
      ) : (
        <>
          <div class="toolbar">
            <button type="button" disabled={chosen.length < 2} onClick={() => goTo({ view: 'compare', runs: chosen })}>
              {chosen.length < 2 ? 'Compare' : `Compare ${chosen.length} runs`}
            </button>
            <span class="hint">{chosen.length < 2 && 'Choose two or more finished runs.'}</span>
          </div>
          <table class="runs">
            <thead>
              <tr>
                <th scope="col">
                  <span class="visually-hidden">Compare</span>
                </th>
                <th scope="col">Run</th>
                <th scope="col">State</th>
                <th scope="col">Accuracy</th>
                <th scope="col">Members</th>
                <th scope="col">Size</th>
                <th scope="col">
                  <span class="visually-hidden">Delete</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {runs.map((run) => (
                <tr key={run.id}>
                  <td class="check">
                    <input
                      type="checkbox"
                      aria-label={`Compare ${displayName(run.id)}`}
                      disabled={run.state !== 'finished'}
                      checked={selected.has(run.id)}
                      onChange={({ currentTarget }) => {
                        const next = new Set(selected);
                        if (currentTarget.checked) next.add(run.id);
                        else next.delete(run.id);
                        setSelected(next);
                      }}
                    />
                  </td>
                  <th scope="row">
                    <a href={addressOf({ view: 'run', run: run.id, part: 'result' })}>{displayName(run.id)}</a>
                    <small>
                      {moment(run.startedAtMs)}, {presetOf(run)}
                    </small>
                  </th>
                  <td data-label="State">
                    <span class={`badge ${run.state}`}>{run.state}</span>
                  </td>
                  <td data-label="Accuracy">{percent(run.accuracy)}</td>
                  <td data-label="Members">{run.memberCount}</td>
                  <td data-label="Size">{fileSize(run.bytes)}</td>
                  <td class="end">
                    <button
                      type="button"
                      class="plain danger"
                      disabled={run.state === 'running'}
                      onClick={() => setDeleting(run)}
                    >
                      Delete<span class="visually-hidden"> {displayName(run.id)}</span>
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
      {deleting !== undefined && (
        <RemovalDialog
          title="Delete this run?"
          button="Delete"
          isDangerous
          action={action}
          remove={async () => {
            const { id } = deleting;
            setKept((await studioApi.remove(id)).kept);
            setSelected(new Set([...selected].filter((one) => one !== id)));
            await reload();
          }}
          onClose={() => setDeleting(undefined)}
        >
          <p>
            <b>{displayName(deleting.id)}</b> with its {count(deleting.memberCount, 'member')}, its report and its
            bundle, {fileSize(deleting.bytes)}. This cannot be undone. The images stay.
          </p>
        </RemovalDialog>
      )}
    </>
  );
}
