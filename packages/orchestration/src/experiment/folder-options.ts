/** How a folder is read that is named beside an experiment. */
import { folderLayouts, type ScanOptions } from '@chorus/data';
import { ConfigError } from '../errors.ts';

export interface FolderOptions {
  /** `auto` (the default), `classes` or `splits`. */
  layout?: string;
  /** Also follows links out of the folder. */
  followLinks?: boolean;
}

/** @throws ConfigError for a layout of another name. */
export function readFolderOptions({ layout = 'auto', followLinks = false }: FolderOptions): ScanOptions {
  const known = folderLayouts.find((name) => name === layout);
  if (known === undefined)
    throw new ConfigError(`Unknown layout "${layout}"; expected one of: ${folderLayouts.join(', ')}.`);
  return { layout: known, followLinks };
}
