import { useEffect, useState } from 'preact/hooks';
import { chosenFiles, droppedFiles } from './bundle-files.ts';

/** Takes files: images that are chosen or pasted, and whatever is dropped anywhere on the page, with all files of a folder. */
export function ImageInput({
  isUsable,
  onFiles,
  onProblem,
}: {
  isUsable: boolean;
  /** @param files by their path. */
  onFiles: (files: ReadonlyMap<string, File>) => void;
  onProblem: (message: string) => void;
}) {
  const [isOver, setIsOver] = useState(false);
  useEffect(() => {
    const over = (event: DragEvent) => {
      // Without this, the browser would open a dropped file.
      event.preventDefault();
      setIsOver(true);
    };
    const leave = ({ relatedTarget }: DragEvent) => {
      if (relatedTarget === null) setIsOver(false);
    };
    const drop = (event: DragEvent) => {
      event.preventDefault();
      setIsOver(false);
      if (event.dataTransfer !== null)
        droppedFiles(event.dataTransfer.items).then(onFiles, (error: Error) =>
          onProblem(`What you dropped cannot be read: ${error.message}`),
        );
    };
    const paste = ({ clipboardData }: ClipboardEvent) => {
      if (clipboardData?.files.length) onFiles(chosenFiles(clipboardData.files));
    };
    const listeners = { dragover: over, dragleave: leave, drop, paste };
    for (const [name, listener] of Object.entries(listeners)) addEventListener(name, listener as EventListener);
    return () => {
      for (const [name, listener] of Object.entries(listeners)) removeEventListener(name, listener as EventListener);
    };
  }, [onFiles, onProblem]);
  return (
    <div class={isOver ? 'drop over' : 'drop'}>
      <label class={isUsable ? 'button main' : 'button main disabled'}>
        Choose images
        <input
          type="file"
          accept="image/*"
          multiple
          class="visually-hidden"
          disabled={!isUsable}
          onChange={({ currentTarget }) => {
            onFiles(chosenFiles(currentTarget.files ?? []));
            currentTarget.value = '';
          }}
        />
      </label>
      <p class="hint">or drop them on this page, or paste one. They stay in this browser.</p>
    </div>
  );
}
