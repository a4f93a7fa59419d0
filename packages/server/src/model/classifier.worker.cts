/**
 * The thread of a classifier. CommonJS: piscina loads it by require(), and Node.js 20 aborts the process when a thread is ended while require() loads a
 * module.
 */
const classifier = import('./run-thread-task.ts');

module.exports = async (task: unknown) => (await classifier).default(task as never);
