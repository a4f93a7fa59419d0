/** A thread that fits stackers. CommonJS, as that of a lane (`packages/training/src/lane.worker.cts`). */
const fits = import('./run-fit-task.ts');

module.exports = async (task: unknown) => (await fits).default(task as never);
