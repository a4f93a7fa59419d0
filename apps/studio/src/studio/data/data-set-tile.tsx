import { displayName } from '@chorus/data/display-name';
import type { DataSetSummary } from '@chorus/studio-api/protocol';
import { useState } from 'preact/hooks';
import { studioApi } from '../server/studio-api.ts';
import { addressOf } from '../shell/route.ts';
import { useStudio } from '../studio.ts';
import { Problem } from '../ui/problem.tsx';
import { RemovalDialog } from '../ui/removal-dialog.tsx';
import { useAction } from '../ui/use-action.ts';

/** A data set in the list of all. */
export function DataSetTile({ dataSet: { id, name, root, isMissing } }: { dataSet: DataSetSummary }) {
  const { reload } = useStudio();
  const [isRemoving, setIsRemoving] = useState(false);
  const action = useAction();
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
      <Problem message={action.problem} />
      {isRemoving && (
        <RemovalDialog
          title="Remove this data set from the studio?"
          button="Remove"
          action={action}
          remove={async () => {
            await studioApi.removeDataSet(id);
            await reload();
          }}
          onClose={() => setIsRemoving(false)}
        >
          <p>
            The images of <b>{displayName(name)}</b> stay in {displayName(root)}. The studio forgets which of them are
            left out, and the changes that could be undone.
          </p>
        </RemovalDialog>
      )}
    </>
  );
}
