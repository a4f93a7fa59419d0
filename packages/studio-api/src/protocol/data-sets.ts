import type { CheckReport } from './from-orchestration.ts';

export interface DataSetSummary {
  /** Identifies it in paths of requests. */
  id: string;
  name: string;
  /** Absolute path. */
  root: string;
  /** Whether the studio created the folder; otherwise it was opened in place. */
  isOwn: boolean;
  /** Whether the folder is missing, for example on a disk that is not mounted. */
  isMissing: boolean;
}

export type ImageRole = 'train' | 'tune' | 'test';

export interface ClassSummary {
  name: string;
  /** Images in its folders, with the excluded ones. */
  imageCount: number;
  excludedCount: number;
}

/** `GET /api/data-sets/:id`; `DELETE` removes it from the studio, not its images, and answers `{}`. Also the answer of requests that change a data set. */
export interface DataSet extends DataSetSummary {
  /** `splits`: the folder has split folders (train, validation, test) with class folders; `classes`: class folders. */
  layout: 'classes' | 'splits';
  classes: ClassSummary[];
  imageCount: number;
  excludedCount: number;
  /** Why it cannot be trained on as it is, such as a class without images; null if nothing is known to prevent it. */
  problem: string | null;
  /** The last change that `undo` reverts, in words; null if there is none. */
  undo: string | null;
}

/** `POST /api/data-sets`: creates `data/<name>/<class>/` in the workspace. Answers a {@link DataSet}, status 201. */
export interface CreateDataSet {
  name: string;
  classes: string[];
}

/** `POST /api/data-sets/open`: uses a folder in place. Answers a {@link DataSet}; opening a folder again answers the same one. */
export interface OpenDataSet {
  /** Absolute path, or relative to the workspace. */
  path: string;
  /** What its top folders are, if its names do not tell; by default `auto`. */
  layout?: 'auto' | 'classes' | 'splits' | undefined;
}

/** `POST /api/data-sets/:id/classes`: adds an empty class. Answers a {@link DataSet}. */
export interface AddClass {
  name: string;
}

/** `POST /api/data-sets/:id/classes/rename`. Answers a {@link DataSet}. */
export interface RenameClass {
  name: string;
  newName: string;
}

export interface DataSetImage {
  /** Relative to the data set's root, with `/`; identifies the image. */
  path: string;
  class: string;
  /** Of its split folder; null in a folder of classes. */
  role: ImageRole | null;
  excluded: boolean;
}

/**
 * `GET /api/data-sets/:id/images?class=&excluded=&offset=&limit=`: images sorted by path. `class`: of one class; `excluded`: `true`
 * for only the excluded ones, `false` for only the others; `limit`: at most {@link maxImagesPerPage}.
 */
export interface ImagePage {
  /** Number of all images of the query. */
  total: number;
  offset: number;
  images: DataSetImage[];
}

export const maxImagesPerPage = 500;

/**
 * `GET /api/data-sets/:id/thumbnail?path=&side=`: a WebP picture; its longer side has at most `side` pixels, 160 by default, one of
 * {@link thumbnailSides}. Status 422 with a reason if the image cannot be decoded.
 */
export const thumbnailSides = [160, 320, 640, 1280] as const;

/**
 * `PUT /api/data-sets/:id/images?class=&name=`: adds an image, whose file is the body, with the Content-Type `image/*` or
 * `application/octet-stream`. The name is made safe and unique; the ending is that of the image's format. Status 201.
 */
export interface AddedImage {
  image: DataSetImage;
}

/** `POST /api/data-sets/:id/relabel`: moves images to another class of the same split. Answers {@link Changed}. */
export interface Relabel {
  /** At most {@link maxChangedImages}. */
  paths: string[];
  class: string;
}

/** `POST /api/data-sets/:id/exclude`: leaves images out of training, or takes them back. Answers {@link Changed}. */
export interface Exclude {
  paths: string[];
  excluded: boolean;
}

export const maxChangedImages = 1000;

/** A changed data set; `POST /api/data-sets/:id/undo` answers it, too. */
export interface Changed {
  dataSet: DataSet;
  /** Where the images of the request are now, in its order; of `undo`, those of the reverted change. */
  images: DataSetImage[];
  /** What was done, in words. */
  done: string;
}

/** `POST /api/data-sets/:id/check`: checks images, machine and settings as a training would. Answers {@link CheckState}, status 202. */
export interface StartCheck {
  /** By default `auto`. */
  preset?: string | undefined;
  /** Folder with initial weights, `imagenet`, `random` or `auto`. */
  weights?: string | undefined;
  timeBudgetSeconds?: number | undefined;
}

/** `GET /api/data-sets/:id/check`: of the last check. `DELETE` stops a running one. */
export type CheckState =
  | { status: 'none' }
  | { status: 'running'; phase: 'preparing' | 'decoding' | 'timing'; done: number; total: number }
  | { status: 'stopped' }
  | { status: 'failed'; message: string; bug: string | null }
  /** `isCurrent`: whether the data set has not been changed by the studio since. */
  | { status: 'done'; report: CheckReport; isCurrent: boolean };
