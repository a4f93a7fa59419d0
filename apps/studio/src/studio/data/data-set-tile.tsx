import { displayName } from '@chorus/data/display-name';
import type { DataSetSummary } from '@chorus/studio-api/protocol';
import { useState } from 'preact/hooks';
import { studioApi } from '../server/studio-api.ts';
import { addressOf } from '../shell/route.ts';
import { useStudio } from '../studio.ts';
import { closeDialog, Dialog } from '../ui/dialog.tsx';
import { Problem } from '../ui/problem.tsx';
import { useAction } from '../ui/use-action.ts';

/** A data set in the list of all. */
export function DataSetTile({ dataSet: { id, name, root, isMissing } }: { dataSet: DataSetSummary }) {
  const { reload } = useStudio();
  const [isRemoving, setIsRemoving] = useState(false);
  const { isRunning, problem, start } = useAction();
  return (
    <>
      <a class="cover" href={addressOf({ view: 'data-set', dataSet: id })}>
        {displayName(name)}
      </a>
      <p class="hint path">{displayName(root)}</p>
      {isMissing && <p class="problem">The folder is missing.</p>}
      <button type="button" class="plain above" onClick={() => setIsRemoving(true)}>
        Remove<span class="visually-hidden"> {displayName(name)}</span>
      </button>
      <Problem message={problem} />
      {isRemoving && (
        <Dialog title="Remove this data set from the studio?" onClose={() => setIsRemoving(false)}>
          <p>
            The images of <b>{displayName(name)}</b> stay in {displayName(root)}. The studio forgets which of them are
            left out, and the changes that could be undone.
          </p>
          <div class="actions end">
            <button type="button" onClick={closeDialog}>
              Cancel
            </button>
            <button
              type="button"
              class="main"
              disabled={isRunning}
              onClick={(event) => {
                closeDialog(event);
                void start(async () => {
                  await studioApi.removeDataSet(id);
                  await reload();
                  // The button that had it is gone.
                  document.querySelector<HTMLElement>('h1')?.focus();
                });
              }}
            >
              Remove
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
