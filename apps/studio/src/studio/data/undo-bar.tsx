import type { Changed, DataSet } from '@chorus/studio-api/protocol';
import { studioApi } from '../server/studio-api.ts';
import { Problem } from '../ui/problem.tsx';
import { useAction } from '../ui/use-action.ts';

/** The last change of a data set, which can be undone. */
export function UndoBar({
  dataSet,
  onChanged,
}: {
  dataSet: Pick<DataSet, 'id' | 'undo'>;
  onChanged: (changed: Changed) => void;
}) {
  const { isRunning, problem, start } = useAction();
  return (
    <>
      <div class="undo" role="status">
        {dataSet.undo !== null && (
          <>
            <span>{dataSet.undo}</span>
            <button
              type="button"
              disabled={isRunning}
              onClick={() => start(async () => onChanged(await studioApi.undo(dataSet.id)))}
            >
              Undo
            </button>
          </>
        )}
      </div>
      <Problem message={problem} />
    </>
  );
}
