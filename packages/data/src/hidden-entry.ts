/** Names, in lower case, that file managers and operating systems create; `.DS_Store` and `._x.jpg` match by their dot. */
const leftBySystems: ReadonlySet<string> = new Set([
  ...['desktop.ini', 'thumbs.db', 'ehthumbs.db', 'icon\r', '__macosx', '@eadir'],
  ...['$recycle.bin', 'system volume information', 'lost+found'],
]);

/** Whether an entry is hidden or created by an operating system, and so is neither an image nor a class. */
export function isHiddenEntry(name: string): boolean {
  return name.startsWith('.') || leftBySystems.has(name.toLowerCase());
}
