/** Formats names for a terminal; a separate module, so that it loads nothing else. */
export { displayName } from '@chorus/data/display-name';
