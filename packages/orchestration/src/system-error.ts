/** Messages for the operating system's errors; a separate module, so that it loads nothing else. */
export { systemErrorMessage, systemErrorReason, systemErrorText } from '@chorus/storage/system-error';
