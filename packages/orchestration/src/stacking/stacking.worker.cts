/**
 * A thread that fits stackers. CommonJS: piscina loads it by require(), and Node.js 20 aborts the process when a thread is ended while require() loads a
 * module.
 */
const fits = import('./run-fit-task.ts');

module.exports = async (task: unknown) => (await fits).default(task as never);
