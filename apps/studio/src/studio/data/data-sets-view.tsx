import { useState } from 'preact/hooks';
import { studioApi } from '../server/studio-api.ts';
import { Heading } from '../shell/heading.tsx';
import { goTo } from '../shell/route.ts';
import { useStudio } from '../studio.ts';
import { DataSetTile } from './data-set-tile.tsx';
import { FolderChooser } from './folder-chooser.tsx';
import { NewDataSet } from './new-data-set.tsx';

/** All data sets, and two ways to another one. */
export function DataSetsView() {
  const { workspace, reload } = useStudio();
  const [isChoosing, setIsChoosing] = useState(false);
  return (
    <>
      <Heading title="Data">
        <p class="lead">Chorus learns to tell classes of images apart. Begin with images of at least two classes.</p>
      </Heading>
      {workspace.dataSets.length > 0 && (
        <section aria-labelledby="data-sets">
          <h2 id="data-sets">Your data sets</h2>
          <ul class="tiles">
            {workspace.dataSets.map((dataSet) => (
              <li key={dataSet.id} class="panel">
                <DataSetTile dataSet={dataSet} />
              </li>
            ))}
          </ul>
        </section>
      )}
      <div class="two">
        <NewDataSet />
        <section class="panel" aria-labelledby="open">
          <h2 id="open">Images that you have</h2>
          <p class="hint">
            A folder with one folder of images per class, such as photos/cats and photos/dogs, or the same in train and
            test. It stays where it is.
          </p>
          <div class="actions">
            <button type="button" class="main" onClick={() => setIsChoosing(true)}>
              Open a folder
            </button>
          </div>
        </section>
      </div>
      {isChoosing && (
        <FolderChooser
          onClose={() => setIsChoosing(false)}
          onChoose={async (path) => {
            const { id } = await studioApi.openDataSet({ path });
            await reload();
            goTo({ view: 'data-set', dataSet: id });
          }}
        />
      )}
    </>
  );
}
