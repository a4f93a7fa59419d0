import type { Row } from './row.ts';
import { article } from './rows/article.ts';
import { decode } from './rows/decode.ts';
import { dispatch } from './rows/dispatch.ts';
import { load } from './rows/load.ts';
import { predict } from './rows/predict.ts';
import { train } from './rows/train.ts';

/** Every row there is, in the order of the table. */
export const rows: readonly Row[] = [train, dispatch, predict, decode, article, load];
