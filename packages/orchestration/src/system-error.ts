/** The words for the operating system's errors, without loading anything else. */
export { systemErrorText } from '@chorus/storage/system-error';
