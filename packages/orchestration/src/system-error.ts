/** Messages for the operating system's errors; a separate module, so that it loads nothing else. */
export { systemErrorFix, systemErrorMessage, systemErrorText } from '@chorus/storage/system-error';
