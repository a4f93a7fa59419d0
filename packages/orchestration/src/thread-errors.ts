/** Errors between threads: structured clones keep no classes, and a class decides an error's exit code. */
import { DataError } from '@chorus/data';
import { ModelError } from '@chorus/models';
import { RuntimeError } from '@chorus/runtime';
import { StorageError } from '@chorus/storage';
import { ConfigError, StoppedError, TooFewMembersError } from './errors.ts';
import type { PlainError } from './thread-outcome.ts';

/** The error that was thrown in another thread, of its class where that is one of Chorus' own, with its stack. */
export function revivedError({ name, message, stack, code, cause }: PlainError): Error {
  const options = cause === undefined ? {} : { cause: revivedError(cause) };
  const own = classes.find((one) => one.name === name);
  const error = own === undefined ? new Error(message, options) : new own(message, options);
  return Object.assign(error, { name, stack }, code === undefined ? {} : { code });
}

// --- internal ---

const classes = [ConfigError, DataError, ModelError, RuntimeError, StoppedError, StorageError, TooFewMembersError];
