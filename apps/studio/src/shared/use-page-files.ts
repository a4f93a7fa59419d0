import { useEffect, useRef, useState } from 'preact/hooks';
import { chosenFiles, droppedFiles } from './chosen-files.ts';

export interface FileHandlers {
  /** @param files by their path. */
  onFiles: (files: ReadonlyMap<string, File>) => void;
  onProblem: (message: string) => void;
}

/**
 * Takes what is dropped anywhere on the page, with all files of a folder, and what is pasted.
 *
 * @returns whether files are being dragged over the page.
 */
export function usePageFiles(handlers: FileHandlers): boolean {
  const latest = useRef(handlers);
  latest.current = handlers;
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
        droppedFiles(event.dataTransfer.items).then(latest.current.onFiles, (error: Error) =>
          latest.current.onProblem(`What you dropped cannot be read: ${error.message}`),
        );
    };
    const paste = ({ clipboardData }: ClipboardEvent) => {
      if (clipboardData?.files.length) latest.current.onFiles(chosenFiles(clipboardData.files));
    };
    const listeners = { dragover: over, dragleave: leave, drop, paste };
    for (const [name, listener] of Object.entries(listeners)) addEventListener(name, listener as EventListener);
    return () => {
      for (const [name, listener] of Object.entries(listeners)) removeEventListener(name, listener as EventListener);
    };
  }, []);
  return isOver;
}
