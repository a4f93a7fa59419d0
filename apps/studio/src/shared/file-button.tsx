import { chosenFiles } from './chosen-files.ts';

/** A button that opens the browser's dialog for images or, with `isFolder`, for a folder. */
export function FileButton({
  label,
  context,
  onFiles,
  isFolder = false,
  isMain = false,
  disabled = false,
}: {
  label: string;
  /** Distinguishes buttons of one label for screen readers, such as ` for cats`. */
  context?: string;
  /** @param files by their path; at least one. */
  onFiles: (files: ReadonlyMap<string, File>) => void;
  isFolder?: boolean;
  isMain?: boolean;
  disabled?: boolean;
}) {
  return (
    <label class={`button${isMain ? ' main' : ''}${disabled ? ' disabled' : ''}`}>
      {label}
      {context !== undefined && <span class="visually-hidden">{context}</span>}
      <input
        type="file"
        // @ts-expect-error: preact's types do not have it.
        webkitdirectory={isFolder}
        accept={isFolder ? undefined : 'image/*'}
        multiple
        class="visually-hidden"
        disabled={disabled}
        onChange={({ currentTarget }) => {
          if (currentTarget.files?.length) onFiles(chosenFiles(currentTarget.files));
          // So that the same files can be chosen again, after they have changed.
          currentTarget.value = '';
        }}
      />
    </label>
  );
}
