/** Turns errors that crossed a thread boundary as data back into errors. */
import { DataError } from '@chorus/data';
import { ModelError } from '@chorus/models';
import { RuntimeError } from '@chorus/runtime';
import { StorageError } from '@chorus/storage';
import { type Outcome, StoppedError, type ThreadError, TrainingError } from '@chorus/training';
import { ConfigError, TooFewMembersError } from './errors.ts';

/**
 * The result of another thread's work.
 *
 * @throws the error that the thread threw, with its class and stack.
 */
export function unwrapOutcome<Value>(outcome: Outcome<Value>): Value {
  if ('error' in outcome) throw reviveError(outcome.error);
  return outcome.value;
}

/** An error of the class that the name denotes, with the stack of the thread that threw it. */
export function reviveError({ name, message, stack, code, data, cause }: ThreadError): Error {
  const error = new (classes.get(name) ?? Error)(message);
  if (cause !== undefined) error.cause = reviveError(cause);
  if (error.name !== name) error.name = name;
  if (stack !== undefined) error.stack = stack;
  return Object.assign(error, code === undefined ? {} : { code }, data === undefined ? {} : { data });
}

// --- internal ---

const classes: ReadonlyMap<string, new (message: string) => Error> = new Map(
  Object.entries({
    ...{
      ConfigError,
      DataError,
      ModelError,
      RuntimeError,
      StorageError,
      StoppedError,
      TooFewMembersError,
      TrainingError,
    },
    ...{ TypeError, RangeError, SyntaxError, ReferenceError, URIError, EvalError },
  }),
);
