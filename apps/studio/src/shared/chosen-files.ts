/** The files that a user has chosen, dropped or pasted. */

/** The files of an `<input webkitdirectory>`. */
export function chosenFiles(files: Iterable<File>): ReadonlyMap<string, File> {
  return new Map(Array.from(files, (file) => [file.webkitRelativePath || file.name, file]));
}

/** The files of dropped files and folders. */
export async function droppedFiles(items: Iterable<DataTransferItem>): Promise<ReadonlyMap<string, File>> {
  // Read before the first await: the list is emptied after the event. A file that is not on a disk, such as an image that was
  // dragged from another page, has no entry.
  const dropped = Array.from(items, (item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const files = new Map<string, File>();
  for (const { entry, file } of dropped)
    if (entry !== null) await addFiles(entry, files);
    else if (file !== null) files.set(file.name, file);
  return files;
}

// --- internal ---

async function addFiles(entry: FileSystemEntry, files: Map<string, File>): Promise<void> {
  if (isFile(entry)) {
    files.set(entry.fullPath.slice(1), await new Promise<File>((resolve, reject) => entry.file(resolve, reject)));
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // At most 100 at a time, and none at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    for (const one of some) await addFiles(one, files);
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}
