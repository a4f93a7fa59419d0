import { getHeapStatistics } from 'node:v8';

/** Size of this thread's JavaScript heap, as a share of its limit. */
export function heapShare(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return used / limit;
}
