/** The thread of a classifier. CommonJS, as that of a lane (`packages/training/src/lane.worker.cts`). */
const classifier = import('./run-thread-task.ts');

module.exports = async (task: unknown) => (await classifier).default(task as never);
