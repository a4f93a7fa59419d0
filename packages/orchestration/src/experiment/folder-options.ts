/** How to read a folder of labeled images that is not part of an experiment. */
import { folderLayouts, type ScanOptions } from '@chorus/data';
import { ConfigError } from '../errors.ts';

export interface FolderOptions {
  /** `auto` (the default), `classes` or `splits`. */
  layout?: string;
  /** Also follows links out of the folder. */
  followLinks?: boolean;
}

/** @throws ConfigError for an unknown layout. */
export function readFolderOptions({ layout = 'auto', followLinks = false }: FolderOptions): ScanOptions {
  const known = folderLayouts.find((name) => name === layout);
  if (known === undefined)
    throw new ConfigError(`Unknown layout "${layout}"; expected one of: ${folderLayouts.join(', ')}.`);
  return { layout: known, followLinks };
}
