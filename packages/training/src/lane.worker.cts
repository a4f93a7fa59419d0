/**
 * The thread of a lane. CommonJS: piscina loads it by require(), and Node.js 20 aborts the process when a thread is ended while require() loads a
 * module.
 */
const lane = import('./run-lane-task.ts');

module.exports = async (task: unknown) => (await lane).default(task as never);
