/** An error that the user can fix: a missing device or part of the native runtime, or an invalid setting. */
export class RuntimeError extends Error {
  override name = 'RuntimeError';
}

/** An error that `setupRuntime` fixes; its code is for those who can offer it as a command. */
export function setupNeeded(message: string): RuntimeError & { code: 'setup-needed' } {
  return Object.assign(new RuntimeError(message), { code: 'setup-needed' as const });
}
