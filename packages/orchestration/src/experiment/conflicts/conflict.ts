/** A value that another key of the experiment does not permit. */
export interface Conflict {
  path: PropertyKey[];
  /** What was expected, and why. */
  message: string;
  /** `isComplete`: the message also says what was received. */
  params?: { isComplete: boolean };
}

/** The conflict at a key; none without a message. */
export function conflictAt(path: PropertyKey[], message: string | undefined): Conflict[] {
  return message === undefined ? [] : [{ path, message }];
}

/** A conflict for each value that equals an earlier one. */
export function repetitions(
  values: readonly string[],
  pathOf: (index: number) => PropertyKey[],
  message: string,
): Conflict[] {
  return values.flatMap((value, index) =>
    conflictAt(pathOf(index), values.indexOf(value) === index ? undefined : message),
  );
}
