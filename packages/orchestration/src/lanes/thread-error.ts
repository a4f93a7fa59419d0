/** Errors between threads: structured clones lose the class, the name and every own property of an error. */
import { DataError } from '@chorus/data';
import { ModelError } from '@chorus/models';
import { RuntimeError } from '@chorus/runtime';
import { StorageError } from '@chorus/storage';
import { ConfigError, StoppedError, TooFewMembersError } from '../errors.ts';

/** An error as plain data. */
export interface ThreadError {
  name: string;
  message: string;
  /** Of the thread that threw it. */
  stack: string | undefined;
  /** Such as `ENOENT`. */
  code: string | undefined;
  cause: ThreadError | undefined;
}

/** Describes whatever was thrown, its chain of causes included. */
export function describeError(error: unknown, depth = 0): ThreadError {
  if (!(error instanceof Error))
    return { name: 'Error', message: String(error), stack: undefined, code: undefined, cause: undefined };
  const { name, message, stack, cause } = error;
  const { code } = error as NodeJS.ErrnoException;
  return {
    ...{ name, message, stack },
    code: code === undefined ? undefined : String(code),
    // A chain may lead back to itself.
    cause: cause === undefined || depth === maxCauses ? undefined : describeError(cause, depth + 1),
  };
}

/** The error again, of the class that its name says, with the stack of the thread that threw it. */
export function reviveError({ name, message, stack, code, cause }: ThreadError): Error {
  const ErrorClass = classes.get(name) ?? Error;
  const error = new ErrorClass(message, cause === undefined ? {} : { cause: reviveError(cause) });
  if (error.name !== name) error.name = name;
  if (stack !== undefined) error.stack = stack;
  return code === undefined ? error : Object.assign(error, { code });
}

// --- internal ---

const maxCauses = 8;

const classes: ReadonlyMap<string, new (message: string, options?: ErrorOptions) => Error> = new Map(
  Object.entries({
    ...{ ConfigError, DataError, ModelError, RuntimeError, StorageError, StoppedError, TooFewMembersError },
    ...{ TypeError, RangeError, SyntaxError, ReferenceError, URIError, EvalError },
  }),
);
