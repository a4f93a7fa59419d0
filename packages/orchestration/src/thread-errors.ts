/** Errors between threads: structured clones keep no classes, and a class decides an error's exit code. */
import { DataError } from '@chorus/data';
import { ModelError } from '@chorus/models';
import { RuntimeError } from '@chorus/runtime';
import { StorageError } from '@chorus/storage';
import { ConfigError, StoppedError, TooFewMembersError } from './errors.ts';
import type { PlainError } from './thread-outcome.ts';

/** The error that was thrown in another thread, of its class where that is one of Chorus' own, with its stack. */
export function revivedError({ name, message, stack, code, cause }: PlainError): Error {
  const own = classes.find((one) => one.name === name);
  return Object.assign(own === undefined ? new Error(message) : new own(message), {
    name,
    stack,
    ...(code === undefined ? {} : { code }),
    ...(cause === undefined ? {} : { cause: revivedError(cause) }),
  });
}

// --- internal ---

const classes = [ConfigError, DataError, ModelError, RuntimeError, StoppedError, StorageError, TooFewMembersError];
