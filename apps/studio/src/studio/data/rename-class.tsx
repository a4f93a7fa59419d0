import type { DataSet } from '@chorus/studio-api/protocol';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { studioApi } from '../server/studio-api.ts';
import { Problem } from '../ui/problem.tsx';
import { useAction } from '../ui/use-action.ts';

/** Renames a class. */
export function RenameClass({
  dataSet,
  name,
  onRenamed,
  onCancel,
}: {
  dataSet: string;
  name: string;
  onRenamed(dataSet: DataSet): void;
  onCancel(): void;
}) {
  const [newName, setNewName] = useState(name);
  const { isRunning, problem, start } = useAction();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.select(), []);
  const id = useId();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void start(async () => onRenamed(await studioApi.renameClass(dataSet, { name, newName: newName.trim() })));
      }}
      onKeyDown={({ key }) => {
        if (key === 'Escape') onCancel();
      }}
    >
      <label class="field" for={id}>
        New name
        <input
          {...{ id, ref: field }}
          type="text"
          required
          value={newName}
          onInput={({ currentTarget }) => setNewName(currentTarget.value)}
        />
      </label>
      <div class="actions">
        <button type="submit" disabled={isRunning}>
          Rename
        </button>
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
      <Problem message={problem} />
    </form>
  );
}
