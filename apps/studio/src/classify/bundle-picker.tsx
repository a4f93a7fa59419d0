import { useState } from 'preact/hooks';
import { FileButton } from '../shared/file-button.tsx';

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
      <FileButton label="Choose a bundle folder" isFolder onFiles={onFiles} />
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
