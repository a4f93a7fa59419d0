/** The folder `native`: Chorus's own C++ sources, and its patch to those of `@tensorflow/tfjs-node-gpu`. */
import { fileURLToPath } from 'node:url';

export const nativeFolder = fileURLToPath(new URL('../../native', import.meta.url));

export const ownSources = ['functions.cc', 'functions.h', 'process.cc'];

export const patchName = 'tfjs-node-gpu.patch';
export const manifestName = 'tfjs-node-gpu.json';

/** All files that determine the compiled binding. */
export const nativeFiles = [...ownSources, patchName, manifestName];
