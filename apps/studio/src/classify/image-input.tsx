import { FileButton } from '../shared/file-button.tsx';
import { type FileHandlers, usePageFiles } from '../shared/use-page-files.ts';

/** Takes files: images that are chosen or pasted, and whatever is dropped anywhere on the page, with all files of a folder. */
export function ImageInput({ isUsable, onFiles, onProblem }: FileHandlers & { isUsable: boolean }) {
  const isOver = usePageFiles({ onFiles, onProblem });
  return (
    <div class={isOver ? 'drop over' : 'drop'}>
      <FileButton label="Choose images" isMain disabled={!isUsable} onFiles={onFiles} />
      <p class="hint">or drop them on this page, or paste one. They stay in this browser.</p>
    </div>
  );
}
