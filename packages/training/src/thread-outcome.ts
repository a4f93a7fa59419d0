/** What a thread returns: a value, or an error as plain data. Structured clones lose an error's class, name and own properties. */

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

export type Outcome<Value> = { value: Value } | { error: ThreadError };

/** Runs work and returns its value, or what it threw, as data that crosses threads. */
export async function outcomeOf<Value>(work: () => Value | Promise<Value>): Promise<Outcome<Value>> {
  try {
    return { value: await work() };
  } catch (error) {
    return { error: describeError(error) };
  }
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

// --- internal ---

const maxCauses = 8;
