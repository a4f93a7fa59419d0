/** The result of a thread: a value, or an error as plain data. A structured clone loses an error's class, name and properties. */

/** An error as plain data. */
export interface ThreadError {
  name: string;
  message: string;
  /** The stack in the thread that threw the error. */
  stack: string | undefined;
  /** An error code, such as `ENOENT`. */
  code: string | undefined;
  /** Plain data that belongs to the code. */
  data: unknown;
  cause: ThreadError | undefined;
}

export type Outcome<Value> = { value: Value } | { error: ThreadError };

/** Runs work and returns its value, or its error as plain data. */
export async function outcomeOf<Value>(work: () => Value | Promise<Value>): Promise<Outcome<Value>> {
  try {
    return { value: await work() };
  } catch (error) {
    return { error: describeError(error) };
  }
}

/** Converts a thrown value, including its chain of causes, to plain data. */
export function describeError(error: unknown, depth = 0): ThreadError {
  if (!(error instanceof Error))
    return {
      name: 'Error',
      message: String(error),
      stack: undefined,
      code: undefined,
      data: undefined,
      cause: undefined,
    };
  const { name, message, stack, cause } = error;
  const { code, data } = error as { code?: unknown; data?: unknown };
  return {
    ...{ name, message, stack },
    code: code === undefined ? undefined : String(code),
    data: plainData(data),
    // A chain of causes may be cyclic.
    cause: cause === undefined || depth === maxCauses ? undefined : describeError(cause, depth + 1),
  };
}

// --- internal ---

const maxCauses = 8;

/** The data if it can cross to another thread; undefined otherwise. */
function plainData(data: unknown): unknown {
  try {
    return structuredClone(data);
  } catch {
    return undefined;
  }
}
