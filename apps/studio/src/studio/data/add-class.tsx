import type { DataSet } from '@chorus/studio-api/protocol';
import { useState } from 'preact/hooks';
import { studioApi } from '../server/studio-api.ts';
import { Problem } from '../ui/problem.tsx';
import { useAction } from '../ui/use-action.ts';

/** Adds a class to a data set. */
export function AddClass({
  dataSet,
  isOver,
  onAdded,
}: {
  dataSet: string;
  /** Whether files are being dragged over the page. */
  isOver: boolean;
  onAdded: (dataSet: DataSet) => void;
}) {
  const [name, setName] = useState('');
  const { isRunning, problem, start } = useAction();
  return (
    <form
      class={isOver ? 'panel add-class over' : 'panel add-class'}
      onSubmit={(event) => {
        event.preventDefault();
        void start(async () => {
          onAdded(await studioApi.addClass(dataSet, { name: name.trim() }));
          setName('');
        });
      }}
    >
      <label class="field">
        Another class
        <input type="text" required value={name} onInput={({ currentTarget }) => setName(currentTarget.value)} />
      </label>
      <div class="actions">
        <button type="submit" disabled={isRunning}>
          Add the class
        </button>
      </div>
      <p class="hint">or drop one folder per class on this page</p>
      <Problem message={problem} />
    </form>
  );
}
