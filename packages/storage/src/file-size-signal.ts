/**
 * Keeps a write beyond the limit on the size of files an error, EFBIG. Node.js ignores the signal SIGXFSZ, but proper-lockfile listens
 * for it (by signal-exit) and then ends the process, unless there is another listener.
 */
process.on('SIGXFSZ', () => {});
