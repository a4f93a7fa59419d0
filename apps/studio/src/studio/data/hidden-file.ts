/** Whether a file is one of those that operating systems put into folders, such as `.DS_Store`. */
export function isHiddenFile({ name }: File): boolean {
  return name.startsWith('.');
}
