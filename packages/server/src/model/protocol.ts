/** What the main thread and a classifier's thread exchange. */
import type { Backend, Classification } from '@chorus/predictor';

/** Plain data with which a thread starts. */
export interface ThreadStartup {
  /** Folder of the bundle. */
  bundle: string;
  /** Of the bundle; a thread that starts later must not load another one. */
  version: string;
  student: boolean;
  backend: 'auto' | 'onnxruntime' | 'wasm';
  /** Threads of the engine. */
  engineThreads: number;
  maxPixels: number | undefined;
  batchSize: number;
  batchDelayMs: number;
}

/** The content of an image file, or pixels [height, width, 3]. */
export type ImageContent = Uint8Array<ArrayBuffer> | { data: Uint8Array<ArrayBuffer>; width: number; height: number };

export type ThreadTask = { kind: 'open' } | { kind: 'classify'; image: ImageContent } | { kind: 'close' };

/** What a bundle classifies. */
export interface ModelFacts {
  name: string;
  /** In the bundle's order. */
  labels: readonly string[];
  backend: Backend;
}

/** An image's classes, the most probable first, and how many images were classified with it; or why it cannot be used. */
export type ImageAnswer =
  | { classes: Classification[]; batchCount: number; reason?: never }
  | { reason: string; classes?: never; batchCount?: never };

export interface ThreadResults {
  /** The reason for which the bundle cannot be used: error classes do not survive the thread boundary. */
  open: { facts: ModelFacts } | { reason: string };
  classify: ImageAnswer;
  close: null;
}
