import { useEffect, useState } from 'preact/hooks';
import { droppedFiles } from './bundle-files.ts';

/** Takes images: chosen, dropped anywhere on the page, or pasted. A dropped folder gives all files in it. */
export function ImageInput({ isUsable, onImages }: { isUsable: boolean; onImages: (files: File[]) => void }) {
  const [isOver, setIsOver] = useState(false);
  useEffect(() => {
    const over = (event: DragEvent) => {
      // Without this, the browser would open a dropped file.
      event.preventDefault();
      setIsOver(isUsable);
    };
    const leave = ({ relatedTarget }: DragEvent) => {
      if (relatedTarget === null) setIsOver(false);
    };
    const drop = async (event: DragEvent) => {
      event.preventDefault();
      setIsOver(false);
      if (isUsable && event.dataTransfer !== null)
        onImages([...(await droppedFiles(event.dataTransfer.items)).values()]);
    };
    const paste = ({ clipboardData }: ClipboardEvent) => {
      if (isUsable && clipboardData?.files.length) onImages([...clipboardData.files]);
    };
    const listeners = { dragover: over, dragleave: leave, drop, paste };
    for (const [name, listener] of Object.entries(listeners)) addEventListener(name, listener as EventListener);
    return () => {
      for (const [name, listener] of Object.entries(listeners)) removeEventListener(name, listener as EventListener);
    };
  }, [isUsable, onImages]);
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
            onImages([...(currentTarget.files ?? [])]);
            currentTarget.value = '';
          }}
        />
      </label>
      <p class="hint">or drop them on this page, or paste one. They stay in this browser.</p>
    </div>
  );
}
