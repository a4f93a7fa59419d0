/** Help for the options of every command that reads a folder of labeled images. */

export const layoutHelp =
  'what the top folders are: "splits" (train, val, test), "classes", or "auto", which decides by their names';
export const followLinksHelp = 'also follow links that lead out of the data folder';
