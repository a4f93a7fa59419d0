import type { DataSetSummary } from './data-sets.ts';
import type { RunSummary } from './runs.ts';

/** Every answer with a status of 400 or more; `code` is one of {@link studioErrorCodes} or of `@chorus/server`. */
export interface ErrorAnswer {
  /** One sentence for the user. */
  error: string;
  code: string;
}

/**
 * Codes of errors beside those of `@chorus/server` (`bad_request`, `wrong_host`, `not_found`, `too_large`, `unsupported_type`,
 * `unusable_image`, `busy`, `timeout`, `internal`):
 *
 * - `conflict`: a name is in use, or the state has changed meanwhile
 * - `in_progress`: another training or check is running; status 409
 * - `refused`: the images, the settings or the machine do not allow it; the message says why; status 422
 */
export const studioErrorCodes = ['conflict', 'in_progress', 'refused'] as const;
export type StudioErrorCode = (typeof studioErrorCodes)[number];

export interface PresetDescription {
  name: string;
  /** One sentence. */
  description: string;
  /** Whether training would take hours without a GPU. */
  wantsGpu: boolean;
}

/** What the studio does at the moment: at most one training or check. */
export type StudioActivity = { kind: 'training'; run: string } | { kind: 'check'; dataSet: string } | null;

/** `GET /api/workspace` */
export interface Workspace {
  /** Absolute path of the folder that the studio works in. */
  folder: string;
  version: string;
  /** The default first. */
  presets: PresetDescription[];
  /** The initial weights that a run starts from unless it names others, and whether files would be downloaded. */
  weights: { source: string };
  dataSets: DataSetSummary[];
  /** The newest first. */
  runs: RunSummary[];
  activity: StudioActivity;
}

/** `GET /api/devices`; starts TensorFlow in another process on a machine with GPUs, which takes seconds. */
export interface Devices {
  devices: { name: string; kind: 'CPU' | 'GPU' }[];
}

/** `GET /api/folders?path=`; by default the workspace. */
export interface FolderListing {
  /** Absolute path. */
  path: string;
  /** Null for the root of the file system. */
  parent: string | null;
  /** Folders of interest, such as the workspace and the user's home. */
  places: { name: string; path: string }[];
  /** Subfolders that are not hidden, sorted by name; at most {@link maxFolders}. */
  folders: { name: string; path: string }[];
  /** Whether there are more than {@link maxFolders}. */
  more: boolean;
  /** The classes if the folder looks like a data set of images; empty if not. */
  classes: string[];
  /** Number of images directly in the folder. */
  imageCount: number;
}

export const maxFolders = 1000;
