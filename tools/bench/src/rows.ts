import type { Row } from './row.ts';
import { article } from './rows/article.ts';
import { augmentation } from './rows/augmentation.ts';
import { classify } from './rows/classify.ts';
import { decode } from './rows/decode.ts';
import { dispatch } from './rows/dispatch.ts';
import { features } from './rows/features.ts';
import { frozen } from './rows/frozen.ts';
import { isolation } from './rows/isolation.ts';
import { laneMemory } from './rows/lane-memory.ts';
import { lanes } from './rows/lanes.ts';
import { load } from './rows/load.ts';
import { precision } from './rows/precision.ts';
import { predict } from './rows/predict.ts';
import { scaling } from './rows/scaling.ts';
import { serve } from './rows/serve.ts';
import { stackers } from './rows/stackers.ts';
import { train } from './rows/train.ts';

/** All rows, in table order. */
export const rows: readonly Row[] = [
  train,
  dispatch,
  augmentation,
  predict,
  classify,
  serve,
  decode,
  features,
  frozen,
  article,
  lanes,
  laneMemory,
  isolation,
  scaling,
  load,
  stackers,
  precision,
];
