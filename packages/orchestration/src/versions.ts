import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** Versions that the outcome of a run depends on. */
export function versions(): Record<string, string> {
  const own = require('../package.json') as { version: string };
  const tfjs = require('@tensorflow/tfjs/package.json') as { version: string };
  return {
    chorus: own.version,
    node: process.versions.node,
    tfjs: tfjs.version,
    platform: `${process.platform}-${process.arch}`,
  };
}
