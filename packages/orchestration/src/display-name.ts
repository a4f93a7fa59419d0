/** What a command line shows of names, without loading anything else. */
export { displayName } from '@chorus/data/display-name';
