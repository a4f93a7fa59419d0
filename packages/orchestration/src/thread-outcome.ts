/** What a thread answers: a value, or an error as plain data. */

export interface PlainError {
  name: string;
  message: string;
  stack?: string | undefined;
  code?: string | undefined;
  cause?: PlainError | undefined;
}

export type Outcome<Value> = { value: Value } | { error: PlainError };

/** Runs work and gives its value, or what it threw, as data that crosses threads. */
export async function outcomeOf<Value>(work: () => Value | Promise<Value>): Promise<Outcome<Value>> {
  try {
    return { value: await work() };
  } catch (error) {
    return { error: plainError(error) };
  }
}

// --- internal ---

function plainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, stack, cause } = error;
  const { code } = error as NodeJS.ErrnoException;
  return {
    ...{ name, message, stack },
    ...(typeof code === 'string' ? { code } : {}),
    ...(cause === undefined ? {} : { cause: plainError(cause) }),
  };
}
