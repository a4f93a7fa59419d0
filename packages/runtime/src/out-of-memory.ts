/**
 * Whether an operation of TensorFlow failed because its device has no memory for a tensor; later operations are not affected.
 *
 * @example
 * if (isOutOfMemory(error)) batchSize /= 2;
 */
export function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // Of a compiled function, and of an operation of tfjs-node with TF_RESOURCE_EXHAUSTED.
  return (
    (error as { code?: unknown }).code === 'RESOURCE_EXHAUSTED' || error.message.includes('Invalid TF_Status: 8\n')
  );
}
