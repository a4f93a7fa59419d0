import { displayName } from '@chorus/data/display-name';
import { count, listOf } from '@chorus/report/format';
import { useState } from 'preact/hooks';
import { studioApi } from '../server/studio-api.ts';
import { useAnswer } from '../server/use-answer.ts';
import { closeDialog, Dialog } from '../ui/dialog.tsx';
import { Problem } from '../ui/problem.tsx';
import { useAction } from '../ui/use-action.ts';

/** Chooses a folder of the machine on which the studio runs. */
export function FolderChooser({
  onChoose,
  onClose,
}: {
  /** @returns a promise that rejects with the reason why the folder cannot be used. */
  onChoose: (path: string) => Promise<void>;
  onClose: () => void;
}) {
  const [path, setPath] = useState<string>();
  const [typed, setTyped] = useState<string>();
  const { answer: listing, problem } = useAnswer(path ?? '', (signal) => studioApi.folders(path, signal));
  const enter = (next: string) => {
    setTyped(undefined);
    setPath(next);
  };
  return (
    <Dialog title="Open a folder" onClose={onClose}>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed !== undefined) enter(typed);
        }}
      >
        <label class="grow">
          <span class="visually-hidden">Path of a folder</span>
          <input
            type="text"
            spellcheck={false}
            value={typed ?? listing?.path ?? path ?? ''}
            onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={typed === undefined}>
          Go
        </button>
      </form>
      <Problem message={problem} />
      {listing !== undefined && (
        <>
          <ul class="places" aria-label="Places">
            {listing.places.map((place) => (
              <li key={place.path}>
                <button type="button" class="plain" onClick={() => enter(place.path)}>
                  {displayName(place.name)}
                </button>
              </li>
            ))}
          </ul>
          <ul class="folders" aria-label={`Folders in ${displayName(listing.path)}`}>
            {listing.parent !== null && (
              <li>
                <button type="button" class="plain" onClick={() => enter(listing.parent!)}>
                  ↑ Up one level
                </button>
              </li>
            )}
            {listing.folders.map((folder) => (
              <li key={folder.path}>
                <button type="button" class="plain" onClick={() => enter(folder.path)}>
                  {displayName(folder.name)}
                </button>
              </li>
            ))}
          </ul>
          {listing.more && <p class="hint">There are more folders: type the path.</p>}
          <p role="status">
            {listing.classes.length > 0
              ? `This folder has ${count(listing.classes.length, 'class', 'classes')}: ${listOf(listing.classes.slice(0, 6).map(displayName))}${listing.classes.length > 6 ? ', …' : ''}.`
              : listing.imageCount > 0
                ? `This folder has ${count(listing.imageCount, 'image')}, but no folders of classes.`
                : 'Open a folder that has one folder of images per class.'}
          </p>
        </>
      )}
      <OpenOrCancel
        key={listing?.path}
        // A path that has been typed is not that of the listed folder.
        isUsable={typed === undefined && listing !== undefined && listing.classes.length > 0}
        open={() => onChoose(listing!.path)}
      />
    </Dialog>
  );
}

// --- internal ---

function OpenOrCancel({ isUsable, open }: { isUsable: boolean; open: () => Promise<void> }) {
  const { isRunning, problem, start } = useAction();
  return (
    <>
      <Problem message={problem} />
      <div class="actions end">
        <button type="button" onClick={closeDialog}>
          Cancel
        </button>
        <button type="button" class="main" disabled={!isUsable || isRunning} onClick={() => void start(open)}>
          Open this folder
        </button>
      </div>
    </>
  );
}
