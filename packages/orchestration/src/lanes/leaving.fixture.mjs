// A lane's thread that ends during its task, in the way that the task's name specifies.
export default async function leave({ task, observer }) {
  observer.unref();
  if (task.name === 'exit 0') setImmediate(() => process.exit(0));
  if (task.name === 'exit 3') setImmediate(() => process.exit(3));
  if (task.name === 'reject') return Promise.reject(new Error('rejected'));
  if (task.name === 'heap') for (const kept = []; ; ) kept.push(new Array(100_000).fill(kept.length));
  if (task.name === 'throw') throw new RangeError('out of range');
  if (task.name === 'finish' || task.kind === 'release') return { value: undefined };
  await new Promise(() => {});
}
