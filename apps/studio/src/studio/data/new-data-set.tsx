import { useId, useState } from 'preact/hooks';
import { studioApi } from '../server/studio-api.ts';
import { goTo } from '../shell/route.ts';
import { useStudio } from '../studio.ts';
import { Problem } from '../ui/problem.tsx';
import { useAction } from '../ui/use-action.ts';

/** Creates a data set: its name and the names of its classes. */
export function NewDataSet() {
  const { reload } = useStudio();
  const [name, setName] = useState('');
  const [classes, setClasses] = useState(['', '']);
  const { isRunning, problem, start } = useAction();
  const id = useId();
  const named = classes.map((one) => one.trim()).filter((one) => one !== '');
  return (
    <form
      class="panel"
      aria-labelledby={id}
      onSubmit={(event) => {
        event.preventDefault();
        void start(async () => {
          const { id: dataSet } = await studioApi.createDataSet({ name: name.trim(), classes: named });
          await reload();
          goTo({ view: 'data-set', dataSet });
        });
      }}
    >
      <h2 id={id}>New data set</h2>
      <p class="hint">Collect images here: choose or drop files, or take pictures with the camera.</p>
      <label class="field">
        Name
        <input
          type="text"
          required
          placeholder="pets"
          value={name}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </label>
      {classes.map((value, index) => (
        // A class is known by its place until it is created.
        <label class="field" key={index}>
          Class {index + 1}
          <input
            type="text"
            required={index < 2}
            placeholder={['cats', 'dogs'][index]}
            value={value}
            onInput={({ currentTarget }) =>
              setClasses(classes.map((one, at) => (at === index ? currentTarget.value : one)))
            }
          />
        </label>
      ))}
      <div class="actions">
        <button type="button" onClick={() => setClasses([...classes, ''])}>
          Add a class
        </button>
        <button type="submit" class="main" disabled={isRunning}>
          Create
        </button>
      </div>
      <Problem message={problem} />
    </form>
  );
}
