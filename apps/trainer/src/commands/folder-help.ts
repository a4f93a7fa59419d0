/** Options of every command that reads a folder of labeled images. */

export const layoutHelp =
  'what the top folders are: "splits" (train, val, test), "classes", or "auto", which goes by their names';
export const followLinksHelp = 'also read what links in the data folder lead to outside of it';
