import type { FuzzTarget } from './target.ts';
import { bundle } from './targets/bundle.ts';
import { checksums } from './targets/checksums.ts';
import { config } from './targets/config.ts';
import { image } from './targets/image.ts';
import { member } from './targets/member.ts';
import { gradCam, metrics, table } from './targets/run-files.ts';
import { h5, safetensors } from './targets/weights.ts';
import { zip } from './targets/zip.ts';

/** Everything that is fuzzed. */
export const targets: readonly FuzzTarget[] = [
  ...[config, bundle, member, checksums, h5, safetensors, zip, image],
  ...[metrics, table, gradCam],
];
