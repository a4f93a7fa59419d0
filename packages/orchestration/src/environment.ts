/** What a process that trains must have in its environment; apart from the rest, so that reading it loads nothing. */
export { processEnvironment } from '@chorus/runtime/environment';
