/** The environment variables that a training process needs; a separate module, so that it loads nothing else. */
export { processEnvironment } from '@chorus/runtime/environment';
