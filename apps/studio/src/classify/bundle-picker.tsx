import { useState } from 'preact/hooks';
import { chosenFiles } from './bundle-files.ts';

/** Chooses a bundle: a folder of this machine, or a URL. */
export function BundlePicker({
  onFiles,
  onUrl,
}: {
  onFiles: (files: ReadonlyMap<string, File>) => void;
  onUrl: (url: string) => void;
}) {
  const [url, setUrl] = useState('');
  return (
    <form
      class="picker"
      onSubmit={(event) => {
        event.preventDefault();
        if (url.trim() !== '') onUrl(url.trim());
      }}
    >
      <label class="button">
        Choose a bundle folder
        <input
          type="file"
          // @ts-expect-error: preact's types do not have it.
          webkitdirectory
          class="visually-hidden"
          onChange={({ currentTarget }) => {
            if (currentTarget.files?.length) onFiles(chosenFiles(currentTarget.files));
            // So that the same folder can be chosen again, after it has changed.
            currentTarget.value = '';
          }}
        />
      </label>
      <span>or</span>
      <input
        type="url"
        aria-label="URL of a bundle"
        placeholder="https://…/bundle"
        value={url}
        onInput={({ currentTarget }) => setUrl(currentTarget.value)}
      />
      <button type="submit" disabled={url.trim() === ''}>
        Load
      </button>
    </form>
  );
}
